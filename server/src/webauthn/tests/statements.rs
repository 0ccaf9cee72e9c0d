//! Attestation statements: verified, recorded, or refused.

use ciborium::Value as Cbor;
use doorward_shared::ErrorCode;

use super::{
    authenticator::{Key, Registration, map, text},
    vectors::{self, Vector},
};

fn bytes(length: usize) -> Cbor {
    Cbor::Bytes(vec![1; length])
}

#[test]
fn self_attestation_is_verified() {
    let registration = Registration::new().self_attested();
    assert!(registration.verify().unwrap().attested);
    let spoiled = Registration { sign_count: 7, ..registration };
    assert_eq!(spoiled.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
    let mut other_key = Registration::new();
    other_key.key = Key::es256();
    assert_eq!(other_key.self_attested().verify().unwrap_err().code, ErrorCode::AttestationInvalid);
}

#[test]
fn self_attestation_names_the_keys_algorithm() {
    let mut registration = Registration::new().self_attested();
    registration.statement = map(vec![("alg", (-35).into()), ("sig", bytes(70))]);
    assert_eq!(registration.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
}

#[test]
fn none_has_no_statement() {
    let registration = Registration { statement: map(vec![("alg", (-7).into())]), ..Registration::new() };
    assert_eq!(registration.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
}

/// Windows Hello attests with `tpm`; older Android devices with `android-safetynet`.
#[test]
fn what_cannot_be_verified_is_recorded() {
    for (format, statement) in [
        ("tpm", map(vec![("ver", text("2.0")), ("alg", (-65535).into()), ("sig", bytes(256))])),
        ("android-safetynet", map(vec![("ver", text("1")), ("response", bytes(9))])),
        ("compound", Cbor::Array(vec![map(vec![]), map(vec![])])),
        ("something-new", map(vec![])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("ecdaaKeyId", bytes(8))])),
        ("packed", map(vec![("alg", (-8).into()), ("sig", bytes(64)), ("x5c", Cbor::Array(vec![bytes(9)]))])),
        ("android-key", map(vec![("alg", (-257).into()), ("sig", bytes(256)), ("x5c", Cbor::Array(vec![bytes(9)]))])),
    ] {
        let registration = Registration { format, statement, ..Registration::new() };
        let verified = registration.verify().unwrap();
        assert!(!verified.attested, "{format}");
        assert_eq!(verified.attestation_format, format);
        registration.into_assertion().verify().unwrap();
    }
}

#[test]
fn statements_that_lack_a_part_are_refused() {
    for (format, statement) in [
        ("packed", map(vec![])),
        ("packed", map(vec![("alg", (-7).into())])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![]))])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![bytes(20)]))])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", text("no list"))])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", text("no bytes"))])),
        ("packed", map(vec![("alg", (-47).into()), ("sig", bytes(70))])),
        ("packed", map(vec![("alg", text("ES256")), ("sig", bytes(70))])),
        ("packed", Cbor::Array(vec![])),
        ("fido-u2f", map(vec![("sig", bytes(70))])),
        ("apple", map(vec![])),
        ("android-key", map(vec![("alg", (-7).into()), ("sig", bytes(70))])),
        ("android-key", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![]))])),
        ("android-key", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![bytes(20)]))])),
    ] {
        let registration = Registration { format, statement: statement.clone(), ..Registration::new() };
        let refusal = registration.verify().unwrap_err();
        assert_eq!(refusal.code, ErrorCode::AttestationInvalid, "{format} {statement:?} {}", refusal.reason);
    }
}

/// The vectors' certificates, with one bit of the signature (or of what it covers) flipped.
#[test]
fn wrong_statements_of_verifiable_formats_are_refused() {
    for vector in vectors::all() {
        let Some(spoil) = spoil(&vector) else { continue };
        let refusal = vectors::register(&spoil).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::AttestationInvalid, "{}: {}", vector.name, refusal.reason);
    }
}

fn spoil(vector: &Vector) -> Option<Vector> {
    let mut spoiled = vector.clone();
    match vector.name.as_str() {
        "packed-self-es256" | "packed-es256" | "packed-es384" | "android-key-es256" | "fido-u2f-es256" => {
            let object = &mut spoiled.registration.attestation_object.0;
            // Behind `sig` come the head of a byte string (two bytes), and that of a DER sequence of two integers.
            let sig = object.windows(4).position(|bytes| bytes == b"csig")?;
            object[sig + 4 + 2 + 20] ^= 1;
        }
        // It has no signature; its certificate names the hash of what was made.
        "apple-es256" => {
            let client_data = &mut spoiled.registration.client_data_json.0;
            client_data.push(b' ');
        }
        _ => return None,
    }
    Some(spoiled)
}

/// Certificates are read by libraries of their own; whatever is in them, the answer is a verdict and never a panic.
#[test]
fn damaged_certificates_are_never_fatal() {
    for vector in vectors::all() {
        let certificates = ["packed-es256", "fido-u2f-es256", "apple-es256", "android-key-es256"];
        if !certificates.contains(&vector.name.as_str()) {
            continue;
        }
        for at in (0..vector.registration.attestation_object.0.len()).step_by(3) {
            let mut damaged = vector.clone();
            damaged.registration.attestation_object.0[at] ^= 0x5a;
            let _verdict = vectors::try_register(&damaged);
        }
    }
}
