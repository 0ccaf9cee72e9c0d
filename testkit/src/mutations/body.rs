//! Mutations of the body as text: framing, encoding, nesting, size.

use serde_json::Value;

use super::{
    Ceremony,
    Demand::{Form, Limit},
    List,
};

/// A size above every body limit.
pub(super) const HUGE: usize = 2 << 20;

pub(super) fn mutations<P: Ceremony>(list: &mut List<P>) {
    for (name, text) in [
        ("empty", ""),
        ("white space", " \r\n\t "),
        ("null", "null"),
        ("true", "true"),
        ("a number", "1"),
        ("an empty string", "\"\""),
        ("an empty array", "[]"),
        ("an empty object", "{}"),
        ("an open brace", "{"),
        ("a NUL byte", "\0"),
        ("a form", "id=a&rawId=a&type=public-key"),
        ("XML", "<?xml version=\"1.0\"?><id/>"),
        ("a huge number", "1e99999"),
    ] {
        list.body(Form, format!("body: {name}"), move |_| text.into());
    }
    for (name, before, after) in [
        ("in an array", "[", "]"),
        ("in an object", "{\"credential\":", "}"),
        ("followed by a letter", "", "x"),
        ("followed by an object", "", "{}"),
        ("followed by null", "", "null"),
        ("followed by a comma", "", ","),
        ("followed by a brace", "", "}"),
        ("followed by NUL", "", "\0"),
        ("followed by a comment", "", "// good"),
        ("after a byte order mark", "\u{feff}", ""),
        ("after NUL", "\0", ""),
        ("after a comment", "/* good */", ""),
        ("after a no-break space", "\u{a0}", ""),
        ("after the XSSI prefix", ")]}'\n", ""),
    ] {
        list.body(Form, format!("body: {name}"), move |good| format!("{before}{good}{after}").into());
    }
    list.body(Form, "body: twice", |good| format!("{good}{good}").into());
    list.body(Form, "body: as a JSON string", |good| Value::from(good).to_string().into());
    list.body(Form, "body: a comma before the last brace", |good| format!("{},}}", cut(good, good.len() - 1)).into());
    list.body(Form, "body: single quotes", |good| good.replace('"', "'").into());
    list.body(Form, "body: names without quotes", |good| good.replace("\"rawId\"", "rawId").into());
    list.body(Form, "body: UTF-16", |good| good.encode_utf16().flat_map(u16::to_le_bytes).collect());
    list.body(Form, "body: a byte that is not UTF-8 in a string", |good| insert_after(good, "\"public-key", &[0xff]));
    list.body(Form, "body: an overlong encoding in a string", |good| insert_after(good, "\"public-key", &[0xc0, 0x80]));
    list.body(Form, "body: a lone surrogate in a string", |good| insert_after(good, "\"public-key", b"\\ud800"));
    list.body(Form, "body: a raw line feed in a string", |good| insert_after(good, "\"public-key", b"\n"));
    list.body(Form, "body: a bad escape in a string", |good| insert_after(good, "\"public-key", b"\\x41"));
    for (name, part, of) in [("a quarter", 1, 4), ("half", 1, 2), ("three quarters", 3, 4)] {
        list.body(Form, format!("body: cut at {name}"), move |good| cut(good, good.len() * part / of).into());
    }
    list.body(Form, "body: without the last brace", |good| cut(good, good.len() - 1).into());
    list.body(Form, "body: without the first brace", |good| good.trim_start_matches('{').into());
    // By default, parsers derived with serde also accept an array of the fields instead of an object.
    list.json(Form, "body: the members by position", |body| *body = by_position(body, P::MEMBERS));
    list.json(Form, "body: the response's members by position", |body| {
        if let Some(response) = body.get_mut("response") {
            *response = by_position(response, P::RESPONSE);
        }
    });
    nesting(list);
    size(list);
}

fn nesting<P: Ceremony>(list: &mut List<P>) {
    for depth in [200, 10_000] {
        for (kind, open, close) in [("arrays", "[", "]"), ("objects", "{\"a\":", "}")] {
            let nested = move || {
                let inner = if kind == "objects" { "1" } else { "" };
                format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
            };
            list.body(Limit, format!("nesting: {depth} {kind} alone"), move |_| nested().into());
            list.body(Limit, format!("nesting: {depth} {kind} around the body"), move |good| {
                format!("{}{good}{}", open.repeat(depth), close.repeat(depth)).into()
            });
            for member in ["clientExtensionResults", "response"] {
                // The valid value stays in the body as the member `unknown`.
                list.body(Limit, format!("nesting: {depth} {kind} as {member}"), move |good| {
                    good.replace(&format!("\"{member}\":"), &format!("\"{member}\":{},\"unknown\":", nested())).into()
                });
            }
        }
        list.body(Limit, format!("nesting: {depth} arrays never closed"), move |_| "[".repeat(depth).into());
        list.body(Limit, format!("nesting: {depth} objects never closed"), move |_| "{\"a\":".repeat(depth).into());
    }
}

fn size<P: Ceremony>(list: &mut List<P>) {
    list.body(Limit, "size: 2 MiB of leading white space", |good| format!("{}{good}", " ".repeat(HUGE)).into());
    list.body(Limit, "size: 2 MiB of trailing white space", |good| format!("{good}{}", " ".repeat(HUGE)).into());
    list.body(Limit, "size: 2 MiB of zeros", |_| vec![0; HUGE]);
    list.json(Limit, "size: 2 MiB in an unknown member", |body| {
        if let Some(body) = body.as_object_mut() {
            body.insert("unknown".into(), "a".repeat(HUGE).into());
        }
    });
    list.body(Limit, "size: 100000 unknown members", |good| {
        let members: String = (0..100_000).map(|number| format!("\"unknown{number}\":0,")).collect();
        format!("{{{members}{}", good.trim_start_matches('{')).into()
    });
    for field in ["/id", "/type"].into_iter().chain(P::BINARY.iter().copied()) {
        list.json(Limit, format!("size: 2 MiB in {}", field.trim_start_matches('/')), move |body| {
            if let Some(value) = body.pointer_mut(field) {
                *value = "A".repeat(HUGE).into();
            }
        });
    }
    list.parts(Limit, "size: 2 MiB of client data, signed", |parts, _| {
        parts.client_data().push("unknown", "a".repeat(HUGE));
    });
}

/// Returns the first `at` bytes. Bodies are ASCII.
fn cut(good: &str, at: usize) -> &str {
    good.get(..at).unwrap_or_default()
}

/// Inserts bytes after a marker.
fn insert_after(good: &str, marker: &str, bytes: &[u8]) -> Vec<u8> {
    let at = good.find(marker).map_or(0, |at| at + marker.len());
    let (head, tail) = good.as_bytes().split_at(at);
    [head, bytes, tail].concat()
}

fn by_position(object: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| object.get(name).cloned().unwrap_or_default()).collect()
}
