//! Mutations of attestation statements (WebAuthn §8).

use doorward_authenticator::{
    Algorithm, Key, RegistrationParts, Statement,
    cbor::{self, Value as Cbor},
    fixed_signature, sha256,
};

use super::{Demand::Protocol, List};

type Registrations = List<RegistrationParts>;

fn int(number: i64) -> Cbor {
    Cbor::Integer(number.into())
}

fn text(text: &str) -> Cbor {
    Cbor::Text(text.into())
}

fn bytes(length: usize) -> Cbor {
    Cbor::Bytes(vec![0x30; length])
}

pub(super) fn mutations(list: &mut Registrations) {
    for format in ["NONE", "None", "none ", "none\0", "non", "nonee", "doorward", "packed-self", "compound"] {
        list.parts(Protocol, format!("statement: format {format:?}"), move |parts, _| {
            parts.statement = Statement::Literal { format: text(format), statement: Cbor::Map(vec![]) };
        });
    }
    literal(list, "none with a signature", "none", cbor::text_map([("sig", bytes(70))]));
    for format in ["packed", "fido-u2f", "tpm", "android-key", "android-safetynet", "apple"] {
        literal(list, &format!("{format} without members"), format, Cbor::Map(vec![]));
        literal(list, &format!("{format} null"), format, Cbor::Null);
    }
    shaped(list);
    packed(list);
}

fn literal(list: &mut Registrations, name: &str, format: &'static str, statement: Cbor) {
    list.parts(Protocol, format!("statement: {name}"), move |parts, _| {
        parts.statement = Statement::Literal { format: text(format), statement: statement.clone() };
    });
}

/// Well-formed statements with invalid certificates and signatures.
fn shaped(list: &mut Registrations) {
    let chain = || Cbor::Array(vec![bytes(300)]);
    let es256 = || ("alg", int(-7));
    let tpm = |version| {
        cbor::text_map([
            ("alg", int(-257)),
            ("sig", bytes(256)),
            ("ver", text(version)),
            ("x5c", chain()),
            ("pubArea", bytes(90)),
            ("certInfo", bytes(160)),
        ])
    };
    for (name, format, statement) in [
        (
            "packed, an empty chain",
            "packed",
            cbor::text_map([es256(), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![]))]),
        ),
        ("packed, a chain of noise", "packed", cbor::text_map([es256(), ("sig", bytes(70)), ("x5c", chain())])),
        ("packed, a chain of numbers", "packed", {
            cbor::text_map([es256(), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![int(1)]))])
        }),
        ("packed, a chain in bytes", "packed", cbor::text_map([es256(), ("sig", bytes(70)), ("x5c", bytes(300))])),
        ("packed, ECDAA", "packed", cbor::text_map([es256(), ("sig", bytes(70)), ("ecdaaKeyId", bytes(32))])),
        ("fido-u2f, noise", "fido-u2f", cbor::text_map([("sig", bytes(70)), ("x5c", chain())])),
        ("fido-u2f, an empty chain", "fido-u2f", cbor::text_map([("sig", bytes(70)), ("x5c", Cbor::Array(vec![]))])),
        ("fido-u2f, two certificates", "fido-u2f", {
            cbor::text_map([("sig", bytes(70)), ("x5c", Cbor::Array(vec![bytes(300), bytes(300)]))])
        }),
        ("fido-u2f, no chain", "fido-u2f", cbor::text_map([("sig", bytes(70))])),
        ("fido-u2f, no signature", "fido-u2f", cbor::text_map([("x5c", chain())])),
        ("tpm, noise", "tpm", tpm("2.0")),
        ("tpm, version 1.2", "tpm", tpm("1.2")),
        ("android-key, noise", "android-key", cbor::text_map([es256(), ("sig", bytes(70)), ("x5c", chain())])),
        ("android-safetynet, noise", "android-safetynet", {
            cbor::text_map([("ver", text("17785037")), ("response", Cbor::Bytes(b"e30.e30.AAAA".to_vec()))])
        }),
        ("android-safetynet, an unsigned token", "android-safetynet", {
            cbor::text_map([("ver", text("1")), ("response", Cbor::Bytes(b"eyJhbGciOiJub25lIn0.e30.".to_vec()))])
        }),
        ("apple, noise", "apple", cbor::text_map([("x5c", chain())])),
        ("compound of nothing", "compound", Cbor::Array(vec![])),
        ("compound of none", "compound", {
            let none = || cbor::text_map([("fmt", text("none")), ("attStmt", Cbor::Map(vec![]))]);
            Cbor::Array(vec![none(), none()])
        }),
    ] {
        literal(list, name, format, statement);
    }
}

/// Self attestation with an invalid signature.
fn packed(list: &mut Registrations) {
    let mut change = |name: &str, make: fn(&RegistrationParts, &[u8]) -> Option<Cbor>| {
        signed(list, name, "packed", make);
    };
    change("an empty signature", |parts, _| with(alg(parts), vec![]));
    change("a signature of zeros", |parts, _| with(alg(parts), vec![0; 70]));
    change("a bit of the signature flipped", |parts, message| {
        let mut signature = parts.key.sign(message).ok()?;
        signature.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1);
        with(alg(parts), signature)
    });
    change("a byte after the signature", |parts, message| {
        let signature = [parts.key.sign(message).ok()?, vec![0]].concat();
        with(alg(parts), signature)
    });
    change("a signature of another key", |parts, message| {
        with(alg(parts), Key::generate(parts.key.algorithm()).ok()?.sign(message).ok()?)
    });
    change("a signature of authenticator data alone", |parts, message| {
        with(alg(parts), parts.key.sign(message.get(..message.len() - 32)?).ok()?)
    });
    change("a signature of the client's hash alone", |parts, message| {
        with(alg(parts), parts.key.sign(message.get(message.len() - 32..)?).ok()?)
    });
    change("a signature of nothing", |parts, _| with(alg(parts), parts.key.sign(b"").ok()?));
    change("r and s in fixed form", |parts, message| {
        with(alg(parts), fixed_signature(&parts.key.sign(message).ok()?, 32)?)
    });
    change("the signature in text", |parts, _| Some(cbor::text_map([("alg", alg(parts)), ("sig", text("signature"))])));
    change("no signature", |parts, _| Some(cbor::text_map([("alg", alg(parts))])));
    for (name, other) in [
        ("another algorithm", int(-35)),
        ("RS256", int(Algorithm::Rs256.cose() - 1)),
        ("no algorithm", Cbor::Null),
        ("the algorithm in text", text("ES256")),
    ] {
        signed(list, &format!("{name} claimed"), "packed", move |parts, message| {
            with(other.clone(), parts.key.sign(message).ok()?)
        });
    }
    signed(list, "signed as android-key", "android-key", |parts, message| {
        with(alg(parts), parts.key.sign(message).ok()?)
    });
}

/// Adds a mutation that computes its statement from the parts and the message to sign.
fn signed(
    list: &mut Registrations,
    name: &str,
    format: &'static str,
    make: impl Fn(&RegistrationParts, &[u8]) -> Option<Cbor> + Send + Sync + 'static,
) {
    list.parts(Protocol, format!("statement: packed, {name}"), move |parts, _| {
        let data = parts.authenticator_data.to_bytes();
        let message = [&*data, &sha256(&parts.client_data.to_bytes())].concat();
        if let Some(statement) = make(parts, &message) {
            parts.statement = Statement::Literal { format: text(format), statement };
        }
    });
}

fn with(alg: Cbor, signature: Vec<u8>) -> Option<Cbor> {
    Some(cbor::text_map([("alg", alg), ("sig", Cbor::Bytes(signature))]))
}

fn alg(parts: &RegistrationParts) -> Cbor {
    int(parts.key.algorithm().cose())
}
