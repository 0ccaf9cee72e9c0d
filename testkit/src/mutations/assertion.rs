//! Mutations of assertions: signature, signature counter, credential id, user handle.

use doorward_authenticator::{AssertionParts, Key, SignedAssertion, fixed_signature, flags, sha256};
use serde_json::{Value, json};

use super::{
    Demand::{Form, Protocol},
    List,
};

type Assertions = List<AssertionParts>;

pub(super) fn mutations(list: &mut Assertions) {
    signature(list);
    der(list);
    counter(list);
    credential(list);
    user_handle(list);
    list.parts(Protocol, "flags: backup eligibility inverted", |parts, _| {
        // BE must not change after the registration (§6.1.3). BS is cleared, because BS without BE is a second defect.
        let data = &mut parts.authenticator_data;
        data.flags = (data.flags ^ flags::BE) & !flags::BS;
    });
}

fn signature(list: &mut Assertions) {
    let mut change = |name: &str, change: fn(&mut SignedAssertion, &AssertionParts)| {
        list.signed(Protocol, format!("signature: {name}"), change);
    };
    change("one byte", |signed, _| signed.signature.truncate(1));
    change("half", |signed, _| signed.signature.truncate(signed.signature.len() / 2));
    change("its last byte missing", |signed, _| signed.signature.truncate(signed.signature.len() - 1));
    change("its first byte missing", |signed, _| drop(signed.signature.drain(..1)));
    change("zeros", |signed, _| signed.signature.fill(0));
    change("ones", |signed, _| signed.signature.fill(0xff));
    change("reversed", |signed, _| signed.signature.reverse());
    change("a zero appended", |signed, _| signed.signature.push(0));
    change("a zero prepended", |signed, _| signed.signature.insert(0, 0));
    change("twice", |signed, _| signed.signature.extend_from_within(..));
    change("64 KiB", |signed, _| signed.signature.resize(65_536, 0));
    change("r and s in fixed form", |signed, _| {
        if let Some(fixed) = fixed_signature(&signed.signature, 32) {
            signed.signature = fixed;
        }
    });
    change("of another key", |signed, parts| {
        if let Ok(signature) = Key::generate(parts.key.algorithm()).and_then(|key| key.sign(&message(signed))) {
            signed.signature = signature;
        }
    });
    for (name, part) in [("first", 0), ("fourth", 3), ("tenth", 9), ("middle", 35), ("last", usize::MAX)] {
        list.signed(Protocol, format!("signature: a bit of the {name} byte flipped"), move |signed, _| {
            let at = part.min(signed.signature.len().saturating_sub(1));
            signed.signature.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
        });
    }
    for (name, other) in [
        ("nothing", (|_| vec![]) as fn(&SignedAssertion) -> Vec<u8>),
        ("authenticator data alone", |signed| signed.authenticator_data.clone()),
        ("the client's hash alone", |signed| sha256(&signed.client_data_json).to_vec()),
        ("client data not hashed", |signed| [&*signed.authenticator_data, &*signed.client_data_json].concat()),
        ("the two exchanged", |signed| [&sha256(&signed.client_data_json), &*signed.authenticator_data].concat()),
        ("the hash of all", |signed| sha256(&message(signed)).to_vec()),
        ("a byte more", |signed| [message(signed), vec![0]].concat()),
    ] {
        list.signed(Protocol, format!("signature: of {name}"), move |signed, parts| {
            if let Ok(signature) = parts.key.sign(&other(signed)) {
                signed.signature = signature;
            }
        });
    }
    // In the following mutations, the signed data differ from the sent data.
    list.signed(Protocol, "signature: client data changed after signing", |signed, _| {
        signed.client_data_json.insert(1, b' ');
    });
    list.signed(Protocol, "signature: counter changed after signing", |signed, _| {
        signed.authenticator_data.iter_mut().skip(33).take(1).for_each(|byte| *byte ^= 0x40);
    });
    list.signed(Protocol, "signature: flags changed after signing", |signed, _| {
        // The changed flag, RFU1, is allowed only if the signature covers it.
        signed.authenticator_data.iter_mut().skip(32).take(1).for_each(|byte| *byte ^= 0x02);
    });
}

fn message(signed: &SignedAssertion) -> Vec<u8> {
    [&*signed.authenticator_data, &sha256(&signed.client_data_json)].concat()
}

/// ECDSA signatures with wrong or out-of-range integers, or with an encoding that is not DER.
fn der(list: &mut Assertions) {
    let integer = |byte: u8| vec![2, 1, byte];
    for (name, r, s) in
        [("r 0, s 0", 0, 0), ("r 1, s 1", 1, 1), ("r 0, s 1", 0, 1), ("r 1, s 0", 1, 0), ("r −1, s −1", 0xff, 0xff)]
    {
        let forged = sequence(&[integer(r), integer(s)].concat());
        ecdsa(list, Protocol, name, move |_| Some(forged.clone()));
    }
    ecdsa(list, Protocol, "r and s exchanged", |der| {
        let (r, s) = integers(der)?;
        Some(sequence(&[s, r].concat()))
    });
    ecdsa(list, Protocol, "r alone", |der| Some(sequence(&integers(der)?.0)));
    ecdsa(list, Protocol, "r twice", |der| Some(sequence(&[integers(der)?.0, integers(der)?.0].concat())));
    ecdsa(list, Protocol, "three integers", |der| {
        let (r, s) = integers(der)?;
        Some(sequence(&[r, s, vec![2, 1, 1]].concat()))
    });
    ecdsa(list, Protocol, "the order as r and s", |_| {
        // r and s must be less than n, the order of P-256. A verifier that reduces them modulo n instead of checking
        // this would continue with r = s = 0.
        let order = [0xffff_ffff_0000_0000_ffff_ffff_ffff_ffff_u128, 0xbce6_faad_a717_9e84_f3b9_cac2_fc63_2551];
        let n = [&[2, 33, 0][..], &order.map(u128::to_be_bytes).concat()].concat();
        Some(sequence(&[&*n, &*n].concat()))
    });
    ecdsa(list, Protocol, "a set", |der| Some([&[0x31], der.get(1..)?].concat()));
    ecdsa(list, Protocol, "an empty sequence", |_| Some(vec![0x30, 0]));
    ecdsa(list, Form, "a length in long form", |der| Some([&[0x30, 0x81], der.get(1..)?].concat()));
    ecdsa(list, Form, "an indefinite length", |der| Some([&[0x30, 0x80], der.get(2..)?, &[0, 0]].concat()));
    ecdsa(list, Form, "a zero before r", |der| {
        let (r, s) = integers(der)?;
        let longer = [&[2, r.get(1)? + 1, 0], r.get(2..)?].concat();
        Some(sequence(&[longer, s].concat()))
    });
    ecdsa(list, Form, "bytes within the sequence", |der| Some(sequence(&[der.get(2..)?, &[5, 0]].concat())));
}

fn ecdsa(
    list: &mut Assertions,
    demand: super::Demand,
    name: &str,
    change: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
) {
    list.signed(demand, format!("ECDSA: {name}"), move |signed, _| {
        // Signatures of other algorithms are not DER and stay unchanged.
        if integers(&signed.signature).is_some()
            && let Some(changed) = change(&signed.signature)
        {
            signed.signature = changed;
        }
    });
}

fn sequence(content: &[u8]) -> Vec<u8> {
    [&[0x30, u8::try_from(content.len()).unwrap_or(u8::MAX)], content].concat()
}

/// Splits a signature into its two integers, each with tag and length.
fn integers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let [0x30, _, content @ ..] = der else { return None };
    let [2, length, ..] = content else { return None };
    let (r, s) = content.split_at_checked(usize::from(*length) + 2)?;
    let [2, length, digits @ ..] = s else { return None };
    (digits.len() == usize::from(*length)).then(|| (r.to_vec(), s.to_vec()))
}

/// Counters that are not greater than the stored counter. The counter of the valid assertion is the stored counter + 1.
fn counter(list: &mut Assertions) {
    for (name, back) in [("unchanged", 1), ("one less", 2), ("two less", 3)] {
        list.parts(Protocol, format!("counter: {name}"), move |parts, _| {
            let count = &mut parts.authenticator_data.sign_count;
            if *count > back {
                *count -= back;
            }
        });
    }
    list.parts(Protocol, "counter: reset to 0", |parts, _| {
        // The stored counter is this counter minus 1. If the stored counter were 0, the server would accept 0.
        if parts.authenticator_data.sign_count > 1 {
            parts.authenticator_data.sign_count = 0;
        }
    });
}

fn credential(list: &mut Assertions) {
    let mut change = |name: &str, change: fn(&mut Vec<u8>)| {
        list.parts(Protocol, format!("credential id: {name}"), move |parts, _| change(&mut parts.credential_id));
    };
    change("empty", Vec::clear);
    change("its last byte missing", |id| id.truncate(id.len() - 1));
    change("a zero appended", |id| id.push(0));
    change("a zero prepended", |id| id.insert(0, 0));
    change("a bit flipped", |id| id.iter_mut().take(1).for_each(|byte| *byte ^= 1));
    change("1023 bytes", |id| id.resize(1023, 0));
    change("1024 bytes", |id| id.resize(1024, 0));
    change("twice", |id| id.extend_from_within(..));
    change("SQL", |id| *id = b"' OR 1=1 --".to_vec());
}

fn user_handle(list: &mut Assertions) {
    let mut change = |name: &str, change: fn(Vec<u8>) -> Option<Vec<u8>>| {
        list.parts(Protocol, format!("user handle: {name}"), move |parts, _| {
            if let Some(changed) = change(parts.user_handle.clone().unwrap_or_default()) {
                parts.user_handle = Some(changed);
            }
        });
    };
    change("of another user", |_| Some(b"somebody else".to_vec()));
    change("of a UUID", |_| Some(vec![0x5a; 16]));
    change("64 bytes", |_| Some(vec![0x5a; 64]));
    change("65 bytes", |_| Some(vec![0x5a; 65]));
    change("64 KiB", |_| Some(vec![0x5a; 65_536]));
    change("a NUL appended", |handle| Some([handle, vec![0]].concat()));
    change("a space appended", |handle| Some([handle, vec![b' ']].concat()));
    change("not UTF-8", |handle| Some([handle, vec![0xff]].concat()));
    change("its last byte missing", |mut handle| {
        handle.pop()?;
        Some(handle).filter(|rest| !rest.is_empty())
    });
    change("with upper and lower case swapped", |handle| {
        let text = String::from_utf8(handle).ok()?;
        Some(super::fields::swap_case(&text).into_bytes())
    });
    change("a pattern", |_| Some(b"%".to_vec()));
    // In a discoverable login, only the user handle identifies the user.
    list.parts(Protocol, "user handle: missing from a discoverable login", |parts, scene| {
        if scene.discoverable {
            parts.user_handle = None;
        }
    });
    list.parts(Protocol, "user handle: empty in a discoverable login", |parts, scene| {
        if scene.discoverable {
            parts.user_handle = Some(vec![]);
        }
    });
    for (name, value) in [
        ("a number", json!(1)),
        ("true", json!(true)),
        ("an array", json!(["YQ"])),
        ("an object", json!({})),
        ("not base64", json!("!!!!")),
        ("one character", json!("A")),
    ] {
        list.json(Form, format!("user handle: {name}"), move |body| {
            if let Some(response) = body.get_mut("response").and_then(Value::as_object_mut) {
                response.insert("userHandle".into(), value.clone());
            }
        });
    }
}
