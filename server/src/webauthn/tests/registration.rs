//! Tests of the verification of registrations.

use aws_lc_rs::rsa::KeySize;
use ciborium::Value as Cbor;
use doorward_shared::{Base64Url, ErrorCode, config::UserVerification};

use super::{
    authenticator::{AT, BE, BS, ED, Key, Registration, UP, UV, cbor, cose, map},
    fixture::state,
};
use crate::webauthn::parse_registration;

fn error_code(registration: &Registration) -> ErrorCode {
    registration.verify().unwrap_err().code
}

#[test]
fn verified_registration_has_the_data_that_was_sent() {
    let registration = Registration { flags: UP | UV | BE | BS | AT, sign_count: 5, ..Registration::new() };
    let verified = registration.verify().unwrap();
    assert_eq!(verified.credential_id.as_bytes(), registration.id);
    assert_eq!(verified.public_key, registration.public_key);
    assert_eq!(verified.attestation_format, "none");
    assert_eq!(verified.aaguid.as_bytes(), &[0xaa; 16]);
    assert_eq!(verified.sign_count, 5);
    assert_eq!(verified.transports, ["internal", "hybrid"]);
    assert!(verified.backup_eligible && verified.backup_state && verified.user_verified && !verified.attested);
}

#[test]
fn offered_algorithms_register_and_log_in() {
    for key in [Key::es256(), Key::es384(), Key::rs256(KeySize::Rsa2048)] {
        let assertion = Registration::with(key).self_attested().into_assertion();
        assert!(assertion.credential.attested);
        assertion.verify().unwrap();
    }
}

#[test]
fn other_algorithms_and_sizes_are_rejected() {
    assert_eq!(error_code(&Registration::with(Key::es512())), ErrorCode::AlgorithmUnsupported);
    assert_eq!(error_code(&Registration::with(Key::rs256(KeySize::Rsa3072))), ErrorCode::AlgorithmUnsupported);
    let ed25519 = cose(vec![(1, 1.into()), (3, (-8).into()), (-1, 6.into()), (-2, Cbor::Bytes(vec![1; 32]))]);
    let registration = Registration { public_key: ed25519, ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
}

/// No signature is valid with an even exponent, and small exponents have repeatedly allowed forgeries.
#[test]
fn even_or_small_rsa_exponents_are_rejected() {
    let with_exponent = |exponent: [u8; 3]| {
        let mut members = Key::rs256(KeySize::Rsa2048).members();
        members[3].1 = Cbor::Bytes(exponent.to_vec());
        Registration { public_key: cose(members), ..Registration::new() }
    };
    assert!(with_exponent([1, 0, 1]).verify().is_ok());
    for exponent in [[1, 0, 0], [0, 0, 3], [0, 1, 1]] {
        assert_eq!(error_code(&with_exponent(exponent)), ErrorCode::AlgorithmUnsupported, "{exponent:?}");
    }
}

/// webauthn-rs accepts these keys, but Doorward rejects them.
#[test]
fn algorithms_with_another_curve_are_rejected() {
    for (key, alg) in [(Key::es384(), -7), (Key::es256(), -35), (Key::es512(), -7)] {
        let mut members = key.members();
        members[1].1 = alg.into();
        let registration = Registration { public_key: cose(members), ..Registration::new() };
        assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
    }
}

#[test]
fn invalid_public_keys_are_rejected() {
    let good = Key::es256().members();
    let mut cases = Vec::new();
    for (label, value) in
        [(1, 3.into()), (1, Cbor::Null), (3, Cbor::Null), (-1, Cbor::Null), (-2, Cbor::Bytes(vec![1; 31]))]
    {
        let mut members = good.clone();
        members.iter_mut().find(|member| member.0 == label).unwrap().1 = value;
        cases.push(members);
    }
    // A compressed point, a key with repeated members, and a point that is not on the curve.
    let mut members = good.clone();
    members[4].1 = Cbor::Bool(true);
    cases.push(members);
    cases.push([good.clone(), good.clone()].concat());
    let mut members = good.clone();
    members[4].1 = Cbor::Bytes(vec![1; 32]);
    cases.push(members);
    for members in cases {
        let registration = Registration { public_key: cose(members.clone()), ..Registration::new() };
        assert_eq!(error_code(&registration), ErrorCode::CredentialMalformed, "{members:?}");
    }
    let registration = Registration { public_key: cbor(&7.into()), ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::CredentialMalformed);
}

/// Unknown members of a key must not be stored, because each login reads the stored key.
#[test]
fn public_keys_are_stored_in_canonical_encoding_without_unknown_members() {
    for key in [Key::es256(), Key::es384(), Key::rs256(KeySize::Rsa2048)] {
        let canonical = key.cose();
        let mut members = key.members();
        members.reverse();
        members.push((-70_000, Cbor::Bytes(vec![0; 200])));
        members.push((2, Cbor::Bytes(vec![1; 8])));
        let registration = Registration { public_key: cose(members), ..Registration::with(key) };
        assert_eq!(registration.verify().unwrap().public_key, canonical);
        registration.into_assertion().verify().unwrap();
    }
}

#[test]
fn public_keys_of_more_than_600_bytes_are_rejected() {
    let with = |padding: usize| {
        let mut members = Key::es256().members();
        members.push((100, Cbor::Bytes(vec![0; padding])));
        Registration { public_key: cose(members), ..Registration::new() }
    };
    let fixed = with(300).public_key.len() - 300;
    assert!(with(600 - fixed).verify().is_ok());
    assert_eq!(error_code(&with(601 - fixed)), ErrorCode::CredentialMalformed);
    assert_eq!(error_code(&with(150_000)), ErrorCode::CredentialMalformed);
}

#[test]
fn keys_with_their_private_part_are_rejected() {
    for (key, label) in [(Key::es256(), -4), (Key::rs256(KeySize::Rsa2048), -3)] {
        let mut members = key.members();
        members.push((label, Cbor::Bytes(vec![1; 32])));
        let registration = Registration { public_key: cose(members), ..Registration::new() };
        assert_eq!(error_code(&registration), ErrorCode::CredentialMalformed);
    }
}

#[test]
fn missing_or_contradicting_flags_are_rejected() {
    assert_eq!(error_code(&Registration { flags: UV | AT, ..Registration::new() }), ErrorCode::UserPresenceMissing);
    let registration = Registration { flags: UP | AT, ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::UserVerificationMissing);
    let registration = Registration { flags: UP | UV | BS | AT, ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::BackupStateInvalid);
    let registration = Registration { flags: UP | UV, ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::CredentialMalformed);
}

#[test]
fn user_verification_is_optional_unless_required() {
    for policy in [UserVerification::Preferred, UserVerification::Discouraged] {
        let registration = Registration { flags: UP | AT, state: state(policy), ..Registration::new() };
        assert!(!registration.verify().unwrap().user_verified);
    }
}

#[test]
fn rp_id_of_another_relying_party_is_rejected() {
    assert_eq!(error_code(&Registration { rp_id: "example.com", ..Registration::new() }), ErrorCode::RpIdMismatch);
}

#[test]
fn raw_id_must_equal_the_id_in_authenticator_data() {
    let registration = Registration { inner_id: Some(vec![8; 32]), ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::CredentialMalformed);
}

#[test]
fn ids_have_1_to_1023_bytes() {
    assert!(Registration { id: vec![1; 1023], ..Registration::new() }.verify().is_ok());
    for id in [vec![], vec![1; 1024]] {
        let body = Registration { id, ..Registration::new() }.body().to_string();
        assert!(parse_registration(body.as_bytes()).unwrap_err().reason.contains("1 to 1023 bytes"));
    }
}

#[test]
fn excluded_credential_is_rejected() {
    let mut registration = Registration::new();
    registration.state.credentials = Some(vec![Base64Url(vec![1; 32])]);
    assert!(registration.verify().is_ok());
    registration.state.credentials = Some(vec![Base64Url(vec![1; 32]), Base64Url(registration.id.clone())]);
    assert_eq!(error_code(&registration), ErrorCode::CredentialExists);
}

#[test]
fn authenticator_data_must_match_its_flags() {
    let extensions = cbor(&map(vec![("credProtect", 2.into()), ("minPinLength", 4.into())]));
    let with = Registration { extensions: extensions.clone(), flags: UP | UV | AT | ED, ..Registration::new() };
    assert!(with.verify().is_ok());
    let invalid: [(Vec<u8>, u8); 4] = [
        (extensions.clone(), UP | UV | AT),
        (vec![], UP | UV | AT | ED),
        ([extensions, vec![0]].concat(), UP | UV | AT | ED),
        (cbor(&7.into()), UP | UV | AT | ED),
    ];
    for (extensions, flags) in invalid {
        let body = Registration { extensions, flags, ..Registration::new() }.body().to_string();
        parse_registration(body.as_bytes()).unwrap_err();
    }
}
