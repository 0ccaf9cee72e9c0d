//! Mutations of signed `clientDataJSON`: syntax, type, challenge, cross-origin members.

use doorward_authenticator::{ClientData, base64url, from_base64url};
use serde_json::{Value, json};

use super::{
    Ceremony,
    Demand::{Form, Protocol},
    List,
    fields::swap_case,
};

pub(super) fn mutations<P: Ceremony>(list: &mut List<P>) {
    raw(list);
    members(list);
    challenge(list);
    for kind in [
        P::OTHER_TYPE,
        "webauthn",
        "webauthn.",
        "payment.get",
        "public-key",
        "navigator.id.getAssertion",
        "navigator.id.finishEnrollment",
    ] {
        list.parts(Protocol, format!("client data: type {kind}"), move |parts, _| {
            parts.client_data().set("type", kind)
        });
    }
    for (name, change) in [
        ("in upper case", (|kind| kind.to_uppercase()) as fn(&str) -> String),
        ("with a space appended", |kind| format!("{kind} ")),
        ("with a NUL appended", |kind| format!("{kind}\0")),
        ("with a full-width full stop", |kind| kind.replace('.', "\u{ff0e}")),
    ] {
        list.parts(Protocol, format!("client data: type {name}"), move |parts, _| edit(parts, "type", change));
    }
    frames(list);
}

fn raw<P: Ceremony>(list: &mut List<P>) {
    for (name, bytes) in [
        ("an empty object", &b"{}"[..]),
        ("an empty array", b"[]"),
        ("null", b"null"),
        ("a string", b"\"webauthn\""),
        ("a NUL byte", b"\0"),
        ("CBOR", b"\xa0"),
        ("an array never closed", b"[[[["),
    ] {
        list.parts(Protocol, format!("client data: {name}"), move |parts, _| {
            *parts.client_data() = ClientData::Raw(bytes.into());
        });
    }
    let mut change = |name: &str, change: fn(Vec<u8>) -> Vec<u8>| {
        list.parts(Protocol, format!("client data: {name}"), move |parts, _| {
            *parts.client_data() = ClientData::Raw(change(parts.client_data().to_bytes()));
        });
    };
    change("without the last brace", |mut data| {
        data.pop();
        data
    });
    change("cut at half", |data| data.get(..data.len() / 2).unwrap_or_default().into());
    change("a brace appended", |data| [&*data, b"}"].concat());
    change("an object appended", |data| [&*data, b"{}"].concat());
    change("a NUL appended", |data| [&*data, b"\0"].concat());
    change("a letter prepended", |data| [b"x", &*data].concat());
    change("in an array", |data| [b"[", &*data, b"]"].concat());
    change("in an object", |data| [b"{\"clientData\":", &*data, b"}"].concat());
    change("in UTF-16", |data| String::from_utf8_lossy(&data).encode_utf16().flat_map(u16::to_le_bytes).collect());
    change("with single quotes", |data| data.iter().map(|&byte| if byte == b'"' { b'\'' } else { byte }).collect());
    change("a byte that is not UTF-8 in the origin", |data| {
        let text = String::from_utf8_lossy(&data).into_owned();
        let at = text.find("\"origin\":\"").map_or(0, |at| at + 10);
        let (head, tail) = data.split_at(at);
        [head, &[0xff], tail].concat()
    });
    change("the members by position", |data| {
        let data: Value = serde_json::from_slice(&data).unwrap_or_default();
        let members = ["type", "challenge", "origin", "crossOrigin"].map(|name| data.get(name).cloned());
        json!(members).to_string().into()
    });
    for depth in [200, 10_000] {
        list.parts(Protocol, format!("client data: {depth} arrays"), move |parts, _| {
            *parts.client_data() = ClientData::Raw(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into());
        });
    }
}

fn members<P: Ceremony>(list: &mut List<P>) {
    for member in ["type", "challenge", "origin"] {
        list.parts(Protocol, format!("client data: {member} missing"), move |parts, _| {
            parts.client_data().remove(member);
        });
        let others = [
            ("null", Value::Null),
            ("a number", json!(1)),
            ("true", json!(true)),
            ("an empty array", json!([])),
            ("an empty object", json!({})),
            ("empty", json!("")),
        ];
        for (kind, other) in others {
            list.parts(Protocol, format!("client data: {member} {kind}"), move |parts, _| {
                parts.client_data().set(member, other.clone());
            });
        }
        list.parts(Protocol, format!("client data: {member} in an array"), move |parts, _| {
            let good = parts.client_data().get(member).cloned();
            parts.client_data().set(member, json!([good]));
        });
        // Of two members with the same name, ECMAScript uses the last one, but some other parsers use the first one.
        list.parts(Protocol, format!("client data: a bad {member} after the valid one"), move |parts, _| {
            parts.client_data().push(member, "AAAA");
        });
        list.parts(Protocol, format!("client data: {member} named in upper case"), move |parts, _| {
            let good = parts.client_data().get(member).cloned();
            parts.client_data().remove(member);
            parts.client_data().push(&member.to_uppercase(), good);
        });
    }
}

fn challenge<P: Ceremony>(list: &mut List<P>) {
    let mut bytes = |name: &str, change: fn(&mut Vec<u8>)| {
        list.parts(Protocol, format!("challenge: {name}"), move |parts, _| {
            edit(parts, "challenge", |text| {
                let mut challenge = from_base64url(text).unwrap_or_default();
                change(&mut challenge);
                base64url(&challenge)
            });
        });
    };
    bytes("another", |challenge| challenge.fill(0xa5));
    bytes("zeros", |challenge| challenge.fill(0));
    bytes("its first bit flipped", |challenge| challenge.iter_mut().take(1).for_each(|byte| *byte ^= 0x80));
    bytes("its last bit flipped", |challenge| challenge.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1));
    bytes("one byte appended", |challenge| challenge.push(0));
    bytes("one byte prepended", |challenge| challenge.insert(0, 0));
    bytes("its last byte missing", |challenge| {
        challenge.pop();
    });
    bytes("its first half", |challenge| challenge.truncate(challenge.len() / 2));
    bytes("one byte", |challenge| challenge.truncate(1));
    bytes("twice", |challenge| challenge.extend_from_within(..));
    bytes("reversed", |challenge| challenge.reverse());
    bytes("a kibibyte", |challenge| challenge.resize(1024, 7));
    let mut text = |demand, name: &str, change: fn(&str) -> String| {
        list.parts(demand, format!("challenge: {name}"), move |parts, _| edit(parts, "challenge", change));
    };
    text(Protocol, "with upper and lower case swapped", swap_case);
    text(Protocol, "encoded twice", |text| base64url(text.as_bytes()));
    text(Protocol, "not base64", |_| "!!!!".into());
    // Lenient decoders decode these texts to the right bytes, but WebAuthn compares the texts.
    text(Form, "padded", |text| format!("{text}="));
    text(Form, "in the standard alphabet", |text| text.replace('-', "+").replace('_', "/"));
    text(Form, "in the standard alphabet, padded", |text| format!("{}=", text.replace('-', "+").replace('_', "/")));
    text(Form, "a space prepended", |text| format!(" {text}"));
    text(Form, "a space appended", |text| format!("{text} "));
    text(Form, "a NUL appended", |text| format!("{text}\0"));
    text(Form, "a line feed appended", |text| format!("{text}\n"));
    text(Form, "a line feed within", |text| text.replacen(text.get(8..9).unwrap_or("A"), "\r\n", 1));
    text(Form, "percent escaped", |text| text.bytes().map(|byte| format!("%{byte:02X}")).collect());
    text(Form, "in hexadecimal", |text| {
        from_base64url(text).unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect()
    });
    text(Form, "unused bits set", |text| {
        // The base64url text of 32 bytes has 43 characters, and the last two bits of the last character are unused.
        let last = text.bytes().last().filter(|_| text.len() % 4 == 3);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let index = last.and_then(|last| alphabet.iter().position(|&letter| letter == last));
        let other = index.and_then(|index| alphabet.get(index ^ 1)).copied().map(char::from);
        other.map_or_else(|| text.into(), |other| format!("{}{other}", text.get(..text.len() - 1).unwrap_or_default()))
    });
    list.parts(Form, "challenge: as an array of numbers", |parts, _| {
        let text = parts.client_data().get("challenge").and_then(Value::as_str).unwrap_or_default();
        let bytes = from_base64url(text).unwrap_or_default();
        parts.client_data().set("challenge", json!(bytes));
    });
}

/// Client data from cross-origin frames, which tenants do not allow by default.
fn frames<P: Ceremony>(list: &mut List<P>) {
    for (name, demand, value) in [
        ("true", Protocol, json!(true)),
        ("the string true", Form, json!("true")),
        ("the string false", Form, json!("false")),
        ("a number", Form, json!(1)),
        ("an object", Form, json!({})),
    ] {
        list.parts(demand, format!("client data: crossOrigin {name}"), move |parts, _| {
            parts.client_data().set("crossOrigin", value.clone());
        });
    }
    for top in ["https://evil.example", "null", ""] {
        list.parts(Protocol, format!("client data: topOrigin {top:?}"), move |parts, _| {
            parts.client_data().push("topOrigin", top);
        });
        list.parts(Protocol, format!("client data: framed by {top:?}"), move |parts, _| {
            parts.client_data().set("crossOrigin", true);
            parts.client_data().push("topOrigin", top);
        });
    }
    list.parts(Protocol, "client data: framed by itself", |parts, scene| {
        parts.client_data().set("crossOrigin", true);
        parts.client_data().push("topOrigin", scene.origin.as_str());
    });
    list.parts(Form, "client data: topOrigin a number", |parts, _| parts.client_data().push("topOrigin", 1));
}

/// Changes a string member of the client data.
pub(super) fn edit<P: Ceremony>(parts: &mut P, member: &str, change: impl Fn(&str) -> String) {
    let text = parts.client_data().get(member).and_then(Value::as_str).unwrap_or_default();
    let changed = change(text);
    parts.client_data().set(member, changed);
}
