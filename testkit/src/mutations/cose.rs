//! Mutations of the public key: invalid COSE keys, and keys that do not match their algorithm (§5.8.5, §6.5.1.1).

use doorward_authenticator::{
    Algorithm, Key, RegistrationParts,
    cbor::{self, Value as Cbor},
};

use super::{
    Demand::{self, Form, Protocol},
    List,
};

type Registrations = List<RegistrationParts>;

pub(super) fn mutations(list: &mut Registrations) {
    shapes(list);
    labels(list);
    numbers(list);
    points(list);
    bytes(list);
    families(list);
}

fn int(number: i64) -> Cbor {
    Cbor::Integer(number.into())
}

fn raw(
    list: &mut Registrations,
    demand: Demand,
    name: impl AsRef<str>,
    change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
) {
    list.parts(demand, format!("public key: {}", name.as_ref()), move |parts, _| {
        if let Some(attested) = &mut parts.authenticator_data.attested {
            change(&mut attested.public_key);
        }
    });
}

fn entries(
    list: &mut Registrations,
    demand: Demand,
    name: impl AsRef<str>,
    change: impl Fn(&mut Vec<(Cbor, Cbor)>) + Send + Sync + 'static,
) {
    raw(list, demand, name, move |key| {
        if let Some(Cbor::Map(mut entries)) = cbor::decode(key) {
            change(&mut entries);
            *key = cbor::encode(&Cbor::Map(entries));
        }
    });
}

/// Changes the value of a label, if the key has this label.
fn value(
    list: &mut Registrations,
    name: impl AsRef<str>,
    label: i64,
    change: impl Fn(&mut Cbor) + Send + Sync + 'static,
) {
    entries(list, Protocol, name, move |entries| {
        entries.iter_mut().filter(|(key, _)| *key == int(label)).for_each(|(_, value)| change(value));
    });
}

fn shapes(list: &mut Registrations) {
    for (name, other) in [
        ("an empty map", Cbor::Map(vec![])),
        ("an array", Cbor::Array(vec![])),
        ("a number", int(2)),
        ("null", Cbor::Null),
        ("text", Cbor::Text("key".into())),
        ("bytes", Cbor::Bytes(vec![4; 65])),
    ] {
        raw(list, Protocol, name, move |key| *key = cbor::encode(&other));
    }
}

fn labels(list: &mut Registrations) {
    for (label, name) in [(1, "kty"), (3, "alg"), (-1, "crv"), (-2, "x"), (-3, "y")] {
        entries(list, Protocol, format!("{name} missing"), move |entries| {
            entries.retain(|(key, _)| *key != int(label));
        });
        for (kind, other) in [
            ("null", Cbor::Null),
            ("text", Cbor::Text("ES256".into())),
            ("empty bytes", Cbor::Bytes(vec![])),
            ("an array", Cbor::Array(vec![])),
            ("a map", Cbor::Map(vec![])),
            ("a float", Cbor::Float(2.5)),
        ] {
            value(list, format!("{name} {kind}"), label, move |value| *value = other.clone());
        }
        entries(list, Form, format!("a bad {name} after the valid one"), move |entries| {
            entries.push((int(label), Cbor::Null));
        });
        entries(list, Form, format!("{name} labelled in text"), move |entries| {
            for (key, _) in entries.iter_mut().filter(|(key, _)| *key == int(label)) {
                *key = Cbor::Text(label.to_string());
            }
        });
    }
    entries(list, Form, "with a private key", |entries| entries.push((int(-4), Cbor::Bytes(vec![7; 32]))));
}

/// Wrong values of kty, alg and crv, one at a time.
fn numbers(list: &mut Registrations) {
    for kty in [0, 1, 3, 4, 5, 6, 255, -1] {
        value(list, format!("kty {kty}"), 1, move |value| *value = int(kty));
    }
    // ES384, ES512, ES256K, EdDSA, three RSA variants, HMAC, ECDH, unassigned, and values beyond 32 bits.
    for alg in [-35, -36, -47, -8, -257, -37, -65_535, 5, -25, 0, 7, i64::MAX, i64::MIN] {
        value(list, format!("alg {alg}"), 3, move |value| {
            *value = int(alg);
        });
    }
    for crv in [0, 2, 3, 4, 5, 6, 7, 8, -1, 255] {
        value(list, format!("crv {crv}"), -1, move |value| *value = int(crv));
    }
}

fn points(list: &mut Registrations) {
    for (label, name) in [(-2, "x"), (-3, "y")] {
        let mut edit = |what: &str, change: fn(&mut Vec<u8>)| {
            value(list, format!("{name} {what}"), label, move |value| {
                if let Cbor::Bytes(bytes) = value {
                    change(bytes);
                }
            });
        };
        edit("a byte short", |bytes| bytes.truncate(31));
        edit("a zero prepended", |bytes| bytes.insert(0, 0));
        edit("a zero appended", |bytes| bytes.push(0));
        edit("a bit flipped", |bytes| bytes.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1));
        edit("zeros", |bytes| bytes.fill(0));
        edit("ones, beyond the field", |bytes| bytes.fill(0xff));
        edit("of 1 byte", |bytes| bytes.truncate(1));
        edit("of 64 KiB", |bytes| bytes.resize(65_536, 7));
        // RFC 9053 allows compressed points, but WebAuthn §6.5.1.1 does not.
        if label == -3 {
            for sign in [false, true] {
                value(list, format!("y compressed, {sign}"), label, move |value| *value = Cbor::Bool(sign));
            }
        }
    }
    entries(list, Protocol, "the point at infinity", |entries| {
        for (_, value) in entries.iter_mut() {
            if let Cbor::Bytes(bytes) = value {
                bytes.fill(0);
            }
        }
    });
    entries(list, Protocol, "x and y exchanged", |entries| {
        let bytes: Vec<Cbor> = entries.iter().filter(|(_, value)| value.is_bytes()).map(|(_, v)| v.clone()).collect();
        let places = entries.iter_mut().filter(|(_, value)| value.is_bytes());
        places.zip(bytes.into_iter().rev()).for_each(|((_, value), other)| *value = other);
    });
}

fn bytes(list: &mut Registrations) {
    for (name, part, of) in [("a quarter", 1, 4), ("half", 1, 2), ("three quarters", 3, 4)] {
        raw(list, Protocol, format!("cut at {name}"), move |key| key.truncate(key.len() * part / of));
    }
    raw(list, Protocol, "its last byte missing", |key| key.truncate(key.len() - 1));
    raw(list, Protocol, "one entry more than there are", |key| key.iter_mut().take(1).for_each(|head| *head += 1));
    raw(list, Form, "one entry fewer than there are", |key| key.iter_mut().take(1).for_each(|head| *head -= 1));
    raw(list, Protocol, "an indefinite map without end", |key| drop(key.splice(..1, [0xbf])));
    raw(list, Form, "an indefinite map", |key| {
        key.splice(..1, [0xbf]);
        key.push(0xff);
    });
    raw(list, Form, "twice", |key| key.extend_from_within(..));
    raw(list, Form, "in a byte string", |key| *key = cbor::encode(&Cbor::Bytes(key.clone())));
}

/// Keys whose type does not match their algorithm, and a valid key of an algorithm that was not requested.
fn families(list: &mut Registrations) {
    let rsa = |alg: i64, modulus: usize, exponent: Vec<u8>| {
        let modulus = Cbor::Bytes(vec![0xc5; modulus]);
        cbor::int_map([(1, int(3)), (3, int(alg)), (-1, modulus), (-2, Cbor::Bytes(exponent))])
    };
    for (name, key) in [
        ("an RSA key under ES256", rsa(-7, 256, vec![1, 0, 1])),
        ("an RSA key without a modulus", rsa(-257, 0, vec![1, 0, 1])),
        ("an RSA key without an exponent", rsa(-257, 256, vec![])),
        (
            "an Ed25519 key under ES256",
            cbor::int_map([(1, int(1)), (3, int(-7)), (-1, int(6)), (-2, Cbor::Bytes(vec![9; 32]))]),
        ),
        ("a symmetric key", cbor::int_map([(1, int(4)), (3, int(5)), (-1, Cbor::Bytes(vec![9; 32]))])),
    ] {
        raw(list, Protocol, name, move |bytes| *bytes = cbor::encode(&key));
    }
    for (name, made, claimed) in [
        ("a P-384 key under ES256", Algorithm::Es384, Algorithm::Es256),
        ("a P-256 key under ES384", Algorithm::Es256, Algorithm::Es384),
        ("an Ed25519 key under RS256", Algorithm::EdDsa, Algorithm::Rs256),
    ] {
        raw(list, Protocol, name, move |bytes| {
            if let Ok(key) = Key::generate(made)
                && let Cbor::Map(mut entries) = key.cose()
            {
                entries
                    .iter_mut()
                    .filter(|(label, _)| *label == int(3))
                    .for_each(|(_, alg)| *alg = int(claimed.cose()));
                *bytes = cbor::encode(&Cbor::Map(entries));
            }
        });
    }
    list.parts(Protocol, "public key: valid, but of an algorithm that was not requested", |parts, scene| {
        if !scene.algorithms.contains(&Algorithm::EdDsa.cose())
            && let Ok(key) = Key::generate(Algorithm::EdDsa)
            && let Some(attested) = &mut parts.authenticator_data.attested
        {
            attested.public_key = cbor::encode(&key.cose());
        }
    });
}
