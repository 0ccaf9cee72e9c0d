//! Tests of attestation statements that are verified, recorded as unverifiable, or rejected.

use ciborium::Value as Cbor;
use doorward_shared::ErrorCode;

use super::{
    authenticator::{AT, ED, Key, Registration, UP, UV, cbor, client_data, map, text},
    vectors::{self, Vector},
};

fn bytes(length: usize) -> Cbor {
    Cbor::Bytes(vec![1; length])
}

#[test]
fn self_attestation_is_verified() {
    let registration = Registration::new().self_attested();
    assert!(registration.verify().unwrap().attested());
    let changed = Registration { sign_count: 7, ..registration };
    assert_eq!(changed.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
    let mut other_key = Registration::new();
    other_key.key = Key::es256();
    assert_eq!(other_key.self_attested().verify().unwrap_err().code, ErrorCode::AttestationInvalid);
}

/// If `x5c` is present, the statement must be signed with the key of the certificate, not with the key of the
/// credential (§8.2).
#[test]
fn signature_of_the_credential_does_not_replace_that_of_the_certificate() {
    for certificates in [Cbor::Array(vec![]), Cbor::Array(vec![bytes(20)]), Cbor::Null] {
        let mut registration = Registration::new().self_attested();
        let Cbor::Map(members) = &mut registration.statement else { unreachable!() };
        members.push((text("x5c"), certificates));
        assert_eq!(registration.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
    }
}

#[test]
fn self_attestation_with_another_algorithm_is_rejected() {
    let mut registration = Registration::new().self_attested();
    registration.statement = map(vec![("alg", (-35).into()), ("sig", bytes(70))]);
    assert_eq!(registration.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
}

#[test]
fn self_attestation_with_a_signature_that_is_not_der_is_rejected() {
    for signature in [vec![], vec![0; 64], vec![0x30], vec![0x30, 6, 2, 1, 0, 2, 1, 0]] {
        let mut registration = Registration::new().self_attested();
        registration.statement = map(vec![("alg", (-7).into()), ("sig", Cbor::Bytes(signature))]);
        assert_eq!(registration.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
    }
}

/// webauthn-rs cannot parse the client data or the extension outputs of these registrations, so only Doorward verifies
/// their self attestations.
#[test]
fn registrations_with_unusual_client_data_or_extension_outputs_are_accepted() {
    let good = client_data("webauthn.create").to_string();
    let token_binding = |value: &str| good.replacen('{', &format!(r#"{{"tokenBinding":{value},"#), 1);
    for client_data in [token_binding(r#""unused""#), token_binding(r#"{"status":7}"#), format!("\u{feff}{good}")] {
        let none = Registration { client_data: client_data.clone(), ..Registration::new() };
        assert!(!none.verify().unwrap().attested(), "{client_data}");
        let packed = none.self_attested();
        let verified = packed.verify().unwrap();
        assert_eq!((verified.attested(), verified.attestation_format.as_str()), (true, "packed"), "{client_data}");
    }
    for extensions in [
        map(vec![("credProtect", 9.into())]),
        map(vec![("hmac-secret", text("yes"))]),
        map(vec![("minPinLength", text("4"))]),
        Cbor::Map(vec![(7.into(), 8.into())]),
    ] {
        let flags = UP | UV | AT | ED;
        let none = Registration { extensions: cbor(&extensions), flags, ..Registration::new() };
        assert!(!none.verify().unwrap().attested(), "{extensions:?}");
        let packed = none.self_attested();
        assert!(packed.verify().unwrap().attested(), "{extensions:?}");
        assert_eq!(Registration { sign_count: 7, ..packed }.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
    }
}

#[test]
fn format_none_with_a_statement_is_rejected() {
    let registration = Registration { statement: map(vec![("alg", (-7).into())]), ..Registration::new() };
    assert_eq!(registration.verify().unwrap_err().code, ErrorCode::AttestationInvalid);
}

/// Older Android devices use `android-safetynet`.
#[test]
fn unverifiable_statements_are_recorded() {
    for (format, statement) in [
        ("android-safetynet", map(vec![("ver", text("1")), ("response", bytes(9))])),
        ("compound", Cbor::Array(vec![map(vec![]), map(vec![])])),
        ("something-new", map(vec![])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("ecdaaKeyId", bytes(8))])),
    ] {
        let registration = Registration { format, statement, ..Registration::new() };
        let verified = registration.verify().unwrap();
        assert!(!verified.attested(), "{format}");
        assert_eq!(verified.attestation_format, format);
        registration.into_assertion().verify().unwrap();
    }
}

#[test]
fn statements_with_missing_or_invalid_members_are_rejected() {
    for (format, statement) in [
        ("packed", map(vec![])),
        ("packed", map(vec![("alg", (-7).into())])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![]))])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![bytes(20)]))])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", text("not a list"))])),
        ("packed", map(vec![("alg", (-7).into()), ("sig", text("not bytes"))])),
        ("packed", map(vec![("alg", (-47).into()), ("sig", bytes(70))])),
        ("packed", map(vec![("alg", text("ES256")), ("sig", bytes(70))])),
        ("packed", map(vec![("alg", (-8).into()), ("sig", bytes(64)), ("x5c", Cbor::Array(vec![bytes(9)]))])),
        ("packed", Cbor::Array(vec![])),
        ("tpm", map(vec![("ver", text("2.0")), ("alg", (-65535).into()), ("sig", bytes(256))])),
        ("fido-u2f", map(vec![("sig", bytes(70))])),
        ("apple", map(vec![])),
        ("android-key", map(vec![("alg", (-7).into()), ("sig", bytes(70))])),
        ("android-key", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![]))])),
        ("android-key", map(vec![("alg", (-7).into()), ("sig", bytes(70)), ("x5c", Cbor::Array(vec![bytes(20)]))])),
    ] {
        let registration = Registration { format, statement: statement.clone(), ..Registration::new() };
        let error = registration.verify().unwrap_err();
        assert_eq!(error.code, ErrorCode::AttestationInvalid, "{format} {statement:?} {}", error.reason);
    }
}

#[test]
fn verifiable_statements_with_a_changed_bit_are_rejected() {
    for vector in vectors::all() {
        let Some(changed) = with_changed_bit(&vector) else { continue };
        let error = vectors::register(&changed).unwrap_err();
        assert_eq!(error.code, ErrorCode::AttestationInvalid, "{}: {}", vector.name, error.reason);
    }
}

/// Returns a copy of the vector in which one bit of the statement's signature is changed. Statements of the format
/// `apple` have no signature, so the client data is changed instead. Returns `None` for all other vectors.
fn with_changed_bit(vector: &Vector) -> Option<Vector> {
    let mut changed = vector.clone();
    match vector.name.as_str() {
        "packed-self-es256" | "packed-es256" | "packed-es384" | "packed-es512" | "android-key-es256"
        | "fido-u2f-es256" | "tpm-es256" => {
            let object = &mut changed.registration.attestation_object.0;
            // After the name `sig` come the head of a byte string (two bytes) and a DER sequence of two integers.
            let sig = object.windows(4).position(|bytes| bytes == b"csig")?;
            object[sig + 4 + 2 + 20] ^= 1;
        }
        // The certificate contains a hash that depends on the client data. The added space makes this hash wrong, but
        // the client data remains valid JSON.
        "apple-es256" => {
            let client_data = &mut changed.registration.client_data_json.0;
            client_data.push(b' ');
        }
        _ => return None,
    }
    Some(changed)
}

#[test]
fn damaged_certificates_cause_no_panic() {
    for vector in vectors::all() {
        let certificates = ["packed-es256", "fido-u2f-es256", "apple-es256", "android-key-es256"];
        if !certificates.contains(&vector.name.as_str()) {
            continue;
        }
        for at in (0..vector.registration.attestation_object.0.len()).step_by(3) {
            let mut damaged = vector.clone();
            damaged.registration.attestation_object.0[at] ^= 0x5a;
            let _ = vectors::try_register(&damaged);
        }
    }
}
