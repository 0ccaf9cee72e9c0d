//! Writes TOML in a stable form: members in alphabetical order, a table for each object, one line for each item of a
//! list. Characters that are invisible or control a terminal are escaped, which the `toml` crate does not do.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::sanitize::needs_escape;

/// Text that stands for the value null, which TOML does not have.
pub(super) const ANY: &str = "any";
const ACCEPT_ANY: [&str; 4] = ["attachment", "allow_aaguids", "min_certification", "algorithms"];

/// Returns whether a member can be null, which means that any value is accepted.
pub(super) fn may_be_any(name: &str) -> bool {
    ACCEPT_ANY.contains(&name)
}

/// Returns an item of an array of tables: `[[name]]` with its members and their tables.
pub(super) fn array_item(name: &str, members: &Map<String, Value>) -> String {
    let mut text = format!("[[{name}]]\n");
    write_members(&mut text, name, members);
    text
}

fn write_members(text: &mut String, path: &str, members: &Map<String, Value>) {
    for (name, value) in members {
        if let Some(value) = line_value(name, value) {
            text.push_str(&format!("{} = {value}\n", key(name)));
        }
    }
    for (name, value) in members {
        if let Value::Object(members) = value {
            let path = format!("{path}.{}", key(name));
            text.push_str(&format!("\n[{path}]\n"));
            write_members(text, &path, members);
        }
    }
}

/// Returns the text after `=`; `None` for objects, which become tables, and for null values that are left out.
fn line_value(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Object(_) => None,
        Value::Null => may_be_any(name).then(|| string(ANY)),
        Value::Array(items) if items.len() > 1 => {
            let lines: String = items.iter().map(|item| format!("    {},\n", inline(item))).collect();
            Some(format!("[\n{lines}]"))
        }
        other => Some(inline(other)),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            let members: Vec<_> = members.map(|(name, value)| format!("{} = {}", key(name), inline(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}

fn key(name: &str) -> String {
    let is_bare = |symbol: char| symbol.is_ascii_alphanumeric() || matches!(symbol, '_' | '-');
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { string(name) }
}

/// Returns a basic string (TOML 1.0, section "String").
fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for symbol in text.chars() {
        // Writing to a string cannot fail.
        let _ = match symbol {
            '"' | '\\' => write!(quoted, "\\{symbol}"),
            '\n' => write!(quoted, "\\n"),
            _ if needs_escape(symbol) => write!(quoted, "\\U{:08x}", u32::from(symbol)),
            _ => write!(quoted, "{symbol}"),
        };
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_toml_with_the_same_values() {
        let members = json!({
            "name": "a\"b\\c\n\u{202e}\u{e0041}\u{1b}é日本",
            "list": ["x", "y"],
            "empty": [],
            "number": 60_000,
            "flag": false,
            "tables": [{ "a b": 1 }],
            "config": { "sub": { "one": ["z"] }, "none": {} },
        });
        let text = array_item("tenant", members.as_object().unwrap());
        let parsed: Value = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(parsed, json!({ "tenant": [members] }));
        assert!(!text.chars().any(|symbol| needs_escape(symbol) && symbol != '\n'), "{text}");
        assert!(text.contains("list = [\n    \"x\",\n    \"y\",\n]\n"), "{text}");
        assert!(text.contains("\n[tenant.config.sub]\none = [\"z\"]\n"), "{text}");
    }

    #[test]
    fn null_is_left_out_except_where_it_means_any_value() {
        let members = json!({ "algorithms": null, "attachment": null, "timeout": null });
        let text = array_item("mfa", members.as_object().unwrap());
        assert_eq!(text, "[[mfa]]\nalgorithms = \"any\"\nattachment = \"any\"\n");
    }
}
