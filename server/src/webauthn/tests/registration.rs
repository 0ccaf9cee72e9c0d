//! Tests of the verification of registrations.

use aws_lc_rs::{
    rsa::KeySize,
    signature::{ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING},
};
use ciborium::Value as Cbor;
use doorward_shared::{Base64Url, CoseAlgorithm, ErrorCode, config::UserVerification};

use super::{
    authenticator::{AT, BE, BS, ED, Key, Registration, UP, UV, cbor, cose, map, text},
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
    assert!(verified.backup_eligible && verified.backup_state && verified.user_verified && !verified.attested());
}

#[test]
fn offered_algorithms_register_and_log_in() {
    let rsa = [KeySize::Rsa2048, KeySize::Rsa3072, KeySize::Rsa4096].map(Key::rs256);
    for key in [Key::ed25519(), Key::es256(), Key::es384(), Key::es512()].into_iter().chain(rsa) {
        register_and_log_in(Registration::with(key));
    }
}

fn register_and_log_in(registration: Registration) {
    let mut assertion = registration.self_attested().into_assertion();
    assert!(assertion.credential.attested());
    assertion.verify().unwrap();
    assertion.signature = Some(assertion.key.sign(b"another message"));
    assert_eq!(assertion.verify().unwrap_err().code, ErrorCode::SignatureInvalid);
}

#[test]
fn post_quantum_algorithms_need_the_permission_of_the_tenant() {
    for (signing, algorithm) in [
        (&ML_DSA_44_SIGNING, CoseAlgorithm::MlDsa44),
        (&ML_DSA_65_SIGNING, CoseAlgorithm::MlDsa65),
        (&ML_DSA_87_SIGNING, CoseAlgorithm::MlDsa87),
    ] {
        let mut registration = Registration::with(Key::ml_dsa(signing, algorithm.id()));
        assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
        registration.state.algorithms = vec![algorithm];
        register_and_log_in(registration);
    }
}

#[test]
fn private_ml_dsa_keys_and_keys_of_another_length_are_rejected() {
    let members = Key::ml_dsa(&ML_DSA_44_SIGNING, -48).members();
    for (index, changed) in [
        (3, (-2, Cbor::Bytes(vec![1; 32]))),
        (2, (-1, Cbor::Bytes(vec![1; 1_311]))),
        (1, (3, CoseAlgorithm::MlDsa65.id().into())),
        (0, (1, 2.into())),
    ] {
        let mut members = members.clone();
        if index < members.len() {
            members[index] = changed
        } else {
            members.push(changed)
        }
        let mut registration = Registration { public_key: cose(members), ..Registration::new() };
        registration.state.algorithms = vec![CoseAlgorithm::MlDsa44, CoseAlgorithm::MlDsa65];
        assert_eq!(error_code(&registration), ErrorCode::CredentialMalformed);
    }
}

/// RFC 9864 defines identifiers that specify both the algorithm and the curve.
#[test]
fn fully_specified_identifiers_are_accepted_where_their_algorithm_is() {
    for (key, id) in [(Key::es256(), -9), (Key::es384(), -51), (Key::es512(), -52), (Key::ed25519(), -19)] {
        let mut members = key.members();
        members[1].1 = id.into();
        let mut registration = Registration { public_key: cose(members), ..Registration::with(key) };
        registration.verify().unwrap();
        registration.state.algorithms = vec![CoseAlgorithm::Rs256];
        assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
    }
}

#[test]
fn algorithms_that_were_not_offered_are_rejected() {
    let mut registration = Registration::new();
    registration.state.algorithms = vec![CoseAlgorithm::EdDsa, CoseAlgorithm::Es384];
    assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
}

#[test]
fn other_algorithms_and_sizes_are_rejected() {
    assert_eq!(error_code(&Registration::with(Key::rs256(KeySize::Rsa8192))), ErrorCode::AlgorithmUnsupported);
    let ed448 = vec![(1, 1.into()), (3, (-53).into()), (-1, 7.into()), (-2, Cbor::Bytes(vec![1; 57]))];
    let registration = Registration { public_key: cose(ed448.clone()), ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
    let mut as_eddsa = ed448;
    as_eddsa[1].1 = (-8).into();
    let registration = Registration { public_key: cose(as_eddsa), ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
    let mut members = Key::rs256(KeySize::Rsa2048).members();
    let Cbor::Bytes(modulus) = &mut members[2].1 else { unreachable!() };
    modulus[0] = 0x7f;
    let registration = Registration { public_key: cose(members), ..Registration::new() };
    assert_eq!(error_code(&registration), ErrorCode::AlgorithmUnsupported);
}

/// No RSA key has an even exponent. Small exponents have repeatedly allowed attackers to forge signatures.
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
    // Adds a compressed point, a key with repeated members, and a point that is not on the curve.
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

/// Unknown members of a key must not be stored, because each login would read them with the key.
#[test]
fn public_keys_are_stored_in_canonical_encoding_without_unknown_members() {
    for key in [Key::ed25519(), Key::es256(), Key::es384(), Key::rs256(KeySize::Rsa2048)] {
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

/// Label -3 is the y coordinate of an elliptic curve key. In Ed25519 and ML-DSA keys, it is an unknown member.
#[test]
fn members_of_other_key_types_are_not_stored() {
    for key in [Key::ed25519(), Key::ml_dsa(&ML_DSA_44_SIGNING, -48)] {
        for value in [Cbor::Bool(true), Cbor::Bytes(vec![1; 32]), 7.into(), text("y")] {
            let canonical = key.cose();
            let mut members = key.members();
            members.push((-3, value));
            let mut registration = Registration { public_key: cose(members), ..Registration::new() };
            registration.state.algorithms = vec![CoseAlgorithm::EdDsa, CoseAlgorithm::MlDsa44];
            assert_eq!(registration.verify().unwrap().public_key, canonical);
        }
    }
}

#[test]
fn public_keys_of_more_than_2700_bytes_are_rejected() {
    let with = |padding: usize| {
        let mut members = Key::es256().members();
        members.push((100, Cbor::Bytes(vec![0; padding])));
        Registration { public_key: cose(members), ..Registration::new() }
    };
    let fixed = with(300).public_key.len() - 300;
    assert!(with(2_700 - fixed).verify().is_ok());
    assert_eq!(error_code(&with(2_701 - fixed)), ErrorCode::CredentialMalformed);
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
