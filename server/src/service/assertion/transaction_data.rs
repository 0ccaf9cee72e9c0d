//! The data of a transaction: kept as the client wrote it, except for whitespace between the JSON tokens.
//!
//! The challenge contains a hash of the transaction id and of this text, and clients compute the same hash. If the text
//! were parsed and serialised again, large numbers would change, and only one of several members with the same name
//! would remain.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::super::Refusal;

/// Returns the text that is hashed and stored.
///
/// # Errors
/// [`Refusal::Invalid`] if the text has more than `max_bytes` bytes, or if an object in the text repeats a member.
pub(super) fn canonical_text(data: &RawValue, max_bytes: u32) -> Result<String, Refusal> {
    let text = without_whitespace(data.get());
    if text.len() as u64 > max_bytes.into() {
        let reason = format!("transaction_data must be a maximum of {max_bytes} bytes in length");
        return Err(Refusal::Invalid(reason));
    }
    check_members(&text).map_err(|reason| Refusal::Invalid(format!("transaction_data {reason}")))?;
    Ok(text)
}

/// Removes the whitespace outside of strings from JSON text.
fn without_whitespace(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |&character: &char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            ' ' | '\t' | '\n' | '\r' if !in_string => return false,
            _ => {}
        }
        true
    };
    json.chars().filter(keep).collect()
}

/// Checks that no object repeats a member. The recursion is limited, because the nesting depth of request bodies is
/// limited.
fn check_members(json: &str) -> Result<(), String> {
    let invalid = |_| "contains a string that is not valid Unicode".to_owned();
    if json.starts_with('{') {
        let Members(members) = serde_json::from_str(json).map_err(invalid)?;
        let mut names = BTreeSet::new();
        for (name, value) in members {
            check_members(value.get())?;
            if let Some(repeated) = names.replace(name) {
                let shown: String = repeated.chars().take(64).collect();
                return Err(format!("must not repeat the member {shown:?}"));
            }
        }
    } else if json.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(json).map_err(invalid)?;
        items.into_iter().try_for_each(|item| check_members(item.get()))?;
    }
    Ok(())
}

/// Members of an object in order, including repeated ones.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    members.push((name.0, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

/// A member's name, borrowed from the text unless the name contains escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Result<String, String> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        canonical_text(&raw, 1_000).map_err(|refusal| refusal.reason())
    }

    #[test]
    fn text_is_kept_except_for_whitespace_between_its_parts() {
        for (sent, kept) in [
            (r#" {"b" : 1.50,	"a": [ 1e3 , -0 ] } "#, r#"{"b":1.50,"a":[1e3,-0]}"#),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
            ("1e999", "1e999"),
            (r#"" a\" b\\ ""#, r#"" a\" b\\ ""#),
            (r#"["\u00e9", "é", "\/", "\u0000", "\ud800"]"#, r#"["\u00e9","é","\/","\u0000","\ud800"]"#),
            (r#"{"a":{"x":1},"b":{"x":1}}"#, r#"{"a":{"x":1},"b":{"x":1}}"#),
            ("[[], {}]", "[[],{}]"),
        ] {
            assert_eq!(text(sent).as_deref(), Ok(kept), "{sent}");
        }
    }

    #[test]
    fn repeated_members_are_refused_at_any_depth() {
        for json in [
            r#"{"amount":1,"amount":2}"#,
            r#"{"amount":1,"\u0061mount":1}"#,
            r#"[1,{"a":[{"amount":1,"b":2,"amount":1}]}]"#,
        ] {
            assert_eq!(text(json), Err("transaction_data must not repeat the member \"amount\"".to_owned()), "{json}");
        }
        let reason = text(r#"{"\ud800":1}"#).unwrap_err();
        assert_eq!(reason, "transaction_data contains a string that is not valid Unicode");
    }

    #[test]
    fn size_is_that_of_the_kept_text() {
        let padded = |length: usize| format!("[{}\"{}\"]", " ".repeat(5_000), "x".repeat(length - 4));
        assert_eq!(text(&padded(1_000)).map(|text| text.len()), Ok(1_000));
        let reason = text(&padded(1_001)).unwrap_err();
        assert_eq!(reason, "transaction_data must be a maximum of 1000 bytes in length");
    }
}
