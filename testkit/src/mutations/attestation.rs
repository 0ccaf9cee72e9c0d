//! Mutations of the attestation object (CBOR) and the attested credential data in it.

use doorward_authenticator::{
    AttestedCredential, RegistrationParts, attestation_object,
    cbor::{self, Value as Cbor},
};
use serde_json::json;

use super::{
    Demand::{Form, Limit, Protocol},
    List,
    body::HUGE,
    fields::set,
};

type Registrations = List<RegistrationParts>;

pub(super) fn mutations(list: &mut Registrations) {
    framing(list);
    entries(list);
    encoding(list);
    credential_data(list);
    for (name, value) in [
        ("a string", json!("usb")),
        ("a number", json!(1)),
        ("an object", json!({})),
        ("an array of numbers", json!([1, 2])),
        ("an array of null", json!([null])),
    ] {
        list.json(Form, format!("transports: {name}"), move |body| set(body, "/response/transports", value.clone()));
    }
}

/// Changes the bytes of the attestation object.
fn bytes(
    list: &mut Registrations,
    demand: super::Demand,
    name: &str,
    change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
) {
    list.signed(demand, format!("attestation object: {name}"), move |signed, _| change(&mut signed.attestation_object));
}

/// Changes the entries of the attestation object.
fn map(
    list: &mut Registrations,
    demand: super::Demand,
    name: &str,
    change: impl Fn(&mut Vec<(Cbor, Cbor)>) + Send + Sync + 'static,
) {
    bytes(list, demand, name, move |object| {
        if let Some(Cbor::Map(mut entries)) = cbor::decode(object) {
            change(&mut entries);
            *object = cbor::encode(&Cbor::Map(entries));
        }
    });
}

fn framing(list: &mut Registrations) {
    for (name, other) in [
        ("a break", vec![0xff]),
        ("an empty map", vec![0xa0]),
        ("an empty array", vec![0x80]),
        ("null", vec![0xf6]),
        ("a number", vec![0x01]),
        ("NaN", vec![0xf9, 0x7e, 0x00]),
        ("JSON", b"{\"fmt\":\"none\",\"attStmt\":{},\"authData\":\"\"}".to_vec()),
        ("a map of 2^64 - 1 entries", vec![0xbb, 255, 255, 255, 255, 255, 255, 255, 255]),
        ("an array of 2^32 - 1 items", vec![0x9a, 255, 255, 255, 255]),
        ("bytes of length 2^63", vec![0x5b, 128, 0, 0, 0, 0, 0, 0, 0]),
        ("reserved additional information", vec![0xbc]),
    ] {
        bytes(list, Protocol, name, move |object| object.clone_from(&other));
    }
    for (name, part, of) in
        [("an eighth", 1, 8), ("a quarter", 1, 4), ("half", 1, 2), ("three quarters", 3, 4), ("seven eighths", 7, 8)]
    {
        bytes(list, Protocol, &format!("cut at {name}"), move |object| object.truncate(object.len() * part / of));
    }
    for short in [1, 2, 16] {
        let name = format!("{short} of its bytes missing");
        bytes(list, Protocol, &name, move |object| object.truncate(object.len().saturating_sub(short)));
    }
    bytes(list, Protocol, "its first byte missing", |object| drop(object.drain(..1)));
    bytes(list, Form, "a zero appended", |object| object.push(0));
    bytes(list, Form, "an empty map appended", |object| object.push(0xa0));
    bytes(list, Form, "a break appended", |object| object.push(0xff));
    bytes(list, Form, "twice", |object| object.extend_from_within(..));
    bytes(list, Form, "in an array", |object| object.insert(0, 0x81));
    bytes(list, Form, "in a byte string", |object| *object = cbor::encode(&Cbor::Bytes(object.clone())));
    bytes(list, Form, "tagged as CBOR", |object| *object = [&[0xd9, 0xd9, 0xf7], &**object].concat());
    bytes(list, Limit, "2 MiB of zeros appended", |object| object.resize(HUGE, 0));
    for depth in [200, 10_000] {
        for (name, byte) in [("arrays", 0x81), ("tags", 0xc1), ("indefinite arrays", 0x9f)] {
            bytes(list, Limit, &format!("{depth} {name}"), move |object| {
                *object = [vec![byte; depth], vec![0xa0]].concat();
            });
            bytes(list, Limit, &format!("{depth} {name} as statement"), move |object| {
                statement(object, &[vec![byte; depth], vec![0xa0]].concat());
            });
        }
        bytes(list, Limit, &format!("{depth} maps as statement"), move |object| {
            statement(object, &[[0xa1, 0x61, b'a'].repeat(depth), vec![0xa0]].concat());
        });
    }
}

/// Replaces the empty statement of the format "none". Other statements stay unchanged.
fn statement(object: &mut Vec<u8>, with: &[u8]) {
    let name = b"gattStmt\xa0";
    if let Some(at) = object.windows(name.len()).position(|window| window == name) {
        let at = at + name.len() - 1;
        object.splice(at..=at, with.iter().copied());
    }
}

fn entries(list: &mut Registrations) {
    for key in ["fmt", "attStmt", "authData"] {
        map(list, Protocol, &format!("{key} missing"), move |entries| entries.retain(|(name, _)| !is(name, key)));
        for (kind, other) in [
            ("null", Cbor::Null),
            ("a number", Cbor::Integer(1.into())),
            ("a Boolean", Cbor::Bool(true)),
            ("a float", Cbor::Float(0.5)),
            ("text", Cbor::Text(String::new())),
            ("bytes", Cbor::Bytes(vec![])),
            ("an array", Cbor::Array(vec![])),
            ("a map", Cbor::Map(vec![])),
        ] {
            // An empty map is a valid statement of the format "none".
            if (key, kind) != ("attStmt", "a map") {
                map(list, Protocol, &format!("{key} {kind}"), move |entries| {
                    entries.iter_mut().filter(|(name, _)| is(name, key)).for_each(|(_, value)| *value = other.clone());
                });
            }
        }
        map(list, Form, &format!("a bad {key} after the valid one"), move |entries| {
            entries.push((Cbor::Text(key.into()), Cbor::Null));
        });
        map(list, Form, &format!("a bad {key} before the valid one"), move |entries| {
            entries.insert(0, (Cbor::Text(key.into()), Cbor::Null));
        });
        map(list, Form, &format!("{key} named in bytes"), move |entries| {
            for (name, _) in entries.iter_mut().filter(|(name, _)| is(name, key)) {
                *name = Cbor::Bytes(key.into());
            }
        });
        map(list, Form, &format!("{key} named in upper case"), move |entries| {
            for (name, _) in entries.iter_mut().filter(|(name, _)| is(name, key)) {
                *name = Cbor::Text(key.to_uppercase());
            }
        });
    }
}

fn is(name: &Cbor, key: &str) -> bool {
    name.as_text() == Some(key)
}

/// Non-canonical encodings. WebAuthn §6.5.4 and CTAP2 §8 require the canonical encoding.
fn encoding(list: &mut Registrations) {
    bytes(list, Form, "an indefinite map", |object| {
        object.splice(..1, [0xbf]);
        object.push(0xff);
    });
    bytes(list, Form, "a map length of two bytes", |object| drop(object.splice(..1, [0xb8, 3])));
    list.signed(Form, "attestation object: authData in chunks", |signed, _| {
        let head = attestation_head();
        let (first, second) = signed.authenticator_data.split_at(37);
        let chunk = |bytes: &[u8]| cbor::encode(&Cbor::Bytes(bytes.into()));
        signed.attestation_object = [&*head, &[0x5f], &*chunk(first), &*chunk(second), &[0xff]].concat();
    });
    list.signed(Form, "attestation object: authData without its break", |signed, _| {
        let head = attestation_head();
        let chunk = cbor::encode(&Cbor::Bytes(signed.authenticator_data.clone()));
        signed.attestation_object = [&*head, &[0x5f], &*chunk].concat();
    });
    bytes(list, Form, "fmt in chunks", |object| {
        if let Some(at) = object.windows(5).position(|window| window == b"dnone") {
            object.splice(at..at + 5, *b"\x7fbnobne\xff");
        }
    });
    bytes(list, Protocol, "fmt not UTF-8", |object| {
        if let Some(at) = object.windows(5).position(|window| window == b"dnone") {
            object.splice(at..at + 5, *b"d\xff\xfe\xfd\xfc");
        }
    });
}

/// Returns the beginning of an attestation object of the format "none", up to the value of `authData`.
fn attestation_head() -> Vec<u8> {
    let mut object = attestation_object(Cbor::Text("none".into()), Cbor::Map(vec![]), Cbor::Bytes(vec![]));
    object.pop();
    object
}

fn credential_data(list: &mut Registrations) {
    let mut change = |demand, name: &str, change: fn(&mut AttestedCredential)| {
        list.parts(demand, format!("credential data: {name}"), move |parts, _| {
            if let Some(attested) = &mut parts.authenticator_data.attested {
                change(attested);
            }
        });
    };
    change(Form, "an empty id", |attested| attested.credential_id.clear());
    // §7.1: ids longer than 1023 bytes must be rejected.
    change(Protocol, "an id of 1024 bytes", |attested| attested.credential_id.resize(1024, 7));
    change(Protocol, "an id of 65535 bytes", |attested| attested.credential_id.resize(65_535, 7));
    change(Protocol, "an id that claims no bytes", |attested| attested.claimed_length = Some(0));
    change(Protocol, "an id that claims a byte less", |attested| attested.claimed_length = Some(31));
    change(Protocol, "an id that claims a byte more", |attested| attested.claimed_length = Some(33));
    change(Protocol, "an id that claims 65535 bytes", |attested| attested.claimed_length = Some(u16::MAX));
    change(Protocol, "no public key", |attested| attested.public_key.clear());
    list.parts(Protocol, "credential data: missing", |parts, _| parts.authenticator_data.attested = None);
    // The first 37 bytes are followed by AAGUID (16 bytes), id length (2), id (32) and key.
    for (name, length) in [
        ("nothing", 37),
        ("half an AAGUID", 45),
        ("an AAGUID", 53),
        ("half a length", 54),
        ("a length", 55),
        ("half an id", 71),
        ("a byte of the key", 88),
        ("half a key", 120),
    ] {
        list.parts(Protocol, format!("credential data: cut after {name}"), move |parts, _| {
            parts.authenticator_data.cut = Some(length);
        });
    }
}
