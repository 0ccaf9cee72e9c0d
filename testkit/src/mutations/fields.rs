//! Mutations of JSON members: missing, wrong type, duplicate, not base64url, inconsistent.

use doorward_authenticator::base64url;
use serde_json::{Value, json};

use super::{
    Ceremony,
    Demand::{Form, Protocol},
    List,
};

pub(super) fn mutations<P: Ceremony>(list: &mut List<P>) {
    for field in ["/id", "/type", "/response"].into_iter().chain(P::BINARY.iter().copied()) {
        types(list, field);
        duplicates(list, field);
    }
    for field in P::BINARY {
        base64(list, field);
    }
    identity(list);
    list.json(Form, "authenticatorAttachment: a number", |body| set(body, "/authenticatorAttachment", 1));
    list.json(Form, "authenticatorAttachment: an array", |body| set(body, "/authenticatorAttachment", json!([])));
    for kind in ["", "public_key", "Public-Key", "public-key ", "public-key\0", "password", "publickey"] {
        list.json(Form, format!("type: {kind:?}"), move |body| set(body, "/type", kind));
    }
    for (from, to) in [("rawId", "raw_id"), ("rawId", "rawid"), ("response", "Response"), ("id", "ID"), ("id", "id\0")]
    {
        list.json(Form, format!("{from}: named {to:?}"), move |body| {
            if let Some(value) = remove(body, &format!("/{from}"))
                && let Some(body) = body.as_object_mut()
            {
                body.insert(to.into(), value);
            }
        });
    }
}

fn types<P: Ceremony>(list: &mut List<P>, field: &'static str) {
    let name = field.trim_start_matches('/');
    list.json(Form, format!("{name}: missing"), move |body| {
        remove(body, field);
    });
    let others = [
        ("null", Value::Null),
        ("a number", json!(7)),
        ("true", json!(true)),
        ("an empty array", json!([])),
        ("an empty object", json!({})),
        ("an array around it", Value::Null),
    ];
    for (kind, other) in others {
        list.json(Form, format!("{name}: {kind}"), move |body| {
            if let Some(value) = body.pointer_mut(field) {
                *value = if kind == "an array around it" { json!([value.take()]) } else { other.clone() };
            }
        });
    }
    if field != "/response" && field != "/type" {
        list.json(Form, format!("{name}: an empty string"), move |body| set(body, field, ""));
    }
    if field == "/response" {
        list.json(Form, "response: as a JSON string", move |body| {
            let text = body.get("response").map(Value::to_string).unwrap_or_default();
            set(body, field, text);
        });
    }
}

/// Bodies with a duplicate member. JSON does not define which of two members with the same name is used, so servers
/// must reject duplicates.
fn duplicates<P: Ceremony>(list: &mut List<P>, field: &'static str) {
    let name = field.rsplit('/').next().unwrap_or_default();
    for (order, first) in [("duplicate, a bad value first", true), ("duplicate, a bad value last", false)] {
        list.body(Form, format!("{}: {order}", field.trim_start_matches('/')), move |good| {
            let body: Value = serde_json::from_str(good).unwrap_or_default();
            let value = body.pointer(field).map(Value::to_string).unwrap_or_default();
            let member = format!("\"{name}\":{value}");
            let bad = format!("\"{name}\":\"AAAA\"");
            let both = if first { format!("{bad},{member}") } else { format!("{member},{bad}") };
            good.replacen(&member, &both, 1).into()
        });
    }
}

fn base64<P: Ceremony>(list: &mut List<P>, field: &'static str) {
    let name = field.trim_start_matches('/');
    let mut change = |what: &str, change: fn(&str) -> Value| {
        list.json(Form, format!("{name}: {what}"), move |body| {
            if let Some(value) = body.pointer_mut(field) {
                *value = change(value.as_str().unwrap_or_default());
            }
        });
    };
    change("not base64", |_| "!!!!".into());
    change("only padding", |_| "====".into());
    change("in the standard alphabet", |text| text.replace('-', "+").replace('_', "/").into());
    change("in hexadecimal", |text| bytes(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into());
    change("as an array of numbers", |text| json!(bytes(text)));
    change("encoded twice", |text| base64url(text.as_bytes()).into());
    change("with a space", |text| text.replacen(|_: char| true, " ", 1).into());
    change("a line feed appended", |text| format!("{text}\n").into());
    change("a NUL appended", |text| format!("{text}\0").into());
    change("a percent escape", |text| format!("%41{text}").into());
    change("padding in the middle", |text| format!("AA=={text}").into());
    change("too much padding", |text| format!("{text}=====").into());
    change("its first character missing", |text| text.chars().skip(1).collect::<String>().into());
    change("one character over", |text| {
        // A single character after complete groups of four cannot encode a byte.
        let whole = text.len() / 4 * 4;
        format!("{}A", text.get(..whole).unwrap_or_default()).into()
    });
    change("a full-width letter", |text| format!("\u{ff21}{text}").into());
}

/// Wrong credential ids. `id`, `rawId` and, in a registration, the signed data must contain the same credential id.
fn identity<P: Ceremony>(list: &mut List<P>) {
    let other = base64url(&[0x5a; 32]);
    for (name, demand, fields) in [
        ("id: of another credential", Form, &["/id"][..]),
        ("rawId: of another credential", Form, &["/rawId"]),
        ("id and rawId: of another credential", if P::BINARY.len() > 3 { Protocol } else { Form }, &["/id", "/rawId"]),
    ] {
        let other = other.clone();
        list.json(demand, name, move |body| fields.iter().for_each(|field| set(body, field, other.as_str())));
    }
    for (what, length) in [("1 byte", 1), ("1024 bytes", 1024), ("65536 bytes", 65_536)] {
        list.json(Form, format!("id and rawId: {what}"), move |body| {
            let id = base64url(&vec![7; length]);
            set(body, "/id", id.as_str());
            set(body, "/rawId", id);
        });
    }
    list.json(Form, "id: with a space appended", |body| edit(body, "/id", |id| format!("{id} ")));
    list.json(Form, "id: with upper and lower case swapped", |body| edit(body, "/id", swap_case));
    list.json(Form, "id: with a NUL appended", |body| edit(body, "/id", |id| format!("{id}\0")));
    list.json(Form, "id: encoded twice", |body| edit(body, "/id", |id| base64url(id.as_bytes())));
}

/// Swaps upper and lower case.
pub(super) fn swap_case(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
}

fn edit(body: &mut Value, pointer: &str, change: impl Fn(&str) -> String) {
    if let Some(value) = body.pointer_mut(pointer) {
        *value = change(value.as_str().unwrap_or_default()).into();
    }
}

pub(super) fn set(body: &mut Value, pointer: &str, value: impl Into<Value>) {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value.into();
    }
}

fn remove(body: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    body.pointer_mut(parent)?.as_object_mut()?.remove(name)
}

fn bytes(text: &str) -> Vec<u8> {
    doorward_authenticator::from_base64url(text).unwrap_or_default()
}
