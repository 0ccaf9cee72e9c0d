//! Tests of the verification of assertions.

use doorward_shared::{Base64Url, ErrorCode, config::UserVerification};

use super::{
    authenticator::{AT, Assertion, BE, BS, ED, Key, Registration, UP, UV, cbor, cose, map},
    fixture::{b64, state},
};
use crate::{
    domain::{ChallengeValue, CredentialId},
    webauthn::{parse_assertion, transaction_challenge},
};

fn error_code(assertion: &Assertion) -> ErrorCode {
    assertion.verify().unwrap_err().code
}

#[test]
fn valid_assertion_is_accepted() {
    let verified = Assertion::new().verify().unwrap();
    assert_eq!(verified.sign_count, 2);
    assert!(verified.user_verified && !verified.backup_eligible && !verified.backup_state && !verified.backup_upgraded);
}

#[test]
fn longer_challenge_of_a_transaction_is_accepted() {
    let challenge = transaction_challenge([1; 32], "order-1", "{}");
    let client_data = super::authenticator::client_data("webauthn.get").to_string();
    let default = super::fixture::b64(&super::authenticator::challenge().0);
    let client_data = client_data.replace(&default, &challenge.to_string());
    assert!(Assertion { challenge, client_data, ..Assertion::new() }.verify().is_ok());
}

#[test]
fn signature_of_another_key_is_rejected() {
    let other_key = Assertion { key: Key::es256(), ..Assertion::new() };
    assert_eq!(error_code(&other_key), ErrorCode::SignatureInvalid);
    for signature in [vec![], vec![0x30], vec![0; 70]] {
        assert_eq!(
            error_code(&Assertion { signature: Some(signature), ..Assertion::new() }),
            ErrorCode::SignatureInvalid
        );
    }
}

#[test]
fn rsa_and_p384_signatures_are_verified() {
    for key in [Key::es384(), Key::rs256(aws_lc_rs::rsa::KeySize::Rsa2048)] {
        let mut assertion = Registration::with(key).into_assertion();
        assertion.verify().unwrap();
        assertion.key = Key::es256();
        assert_eq!(error_code(&assertion), ErrorCode::SignatureInvalid);
    }
}

#[test]
fn unlisted_credential_is_rejected() {
    let mut assertion = Assertion::new();
    assertion.allow(&assertion.id.clone());
    assert!(assertion.verify().is_ok());
    assertion.allow(&[1; 32]);
    assert_eq!(error_code(&assertion), ErrorCode::CredentialNotAllowed);
    assertion.state.credentials = Some(vec![]);
    assert_eq!(error_code(&assertion), ErrorCode::CredentialNotAllowed);
}

#[test]
fn assertion_of_another_credential_is_rejected() {
    let mut assertion = Assertion::new();
    assertion.credential.id = CredentialId::new(vec![1; 32]).unwrap();
    assert_eq!(error_code(&assertion), ErrorCode::CredentialNotAllowed);
}

#[test]
fn missing_or_contradicting_flags_are_rejected() {
    assert_eq!(error_code(&Assertion { flags: UV, ..Assertion::new() }), ErrorCode::UserPresenceMissing);
    assert_eq!(error_code(&Assertion { flags: UP, ..Assertion::new() }), ErrorCode::UserVerificationMissing);
    assert_eq!(error_code(&Assertion { flags: UP | UV | BS, ..Assertion::new() }), ErrorCode::BackupStateInvalid);
}

#[test]
fn backup_eligibility_may_be_gained_but_not_lost() {
    for flags in [UP | UV | BE, UP | UV | BE | BS] {
        let verified = Assertion { flags, ..Assertion::new() }.verify().unwrap();
        assert!(verified.backup_upgraded && verified.backup_eligible);
        assert_eq!(verified.backup_state, flags & BS != 0);
    }
    let registration = Registration { flags: UP | UV | BE | BS | AT, ..Registration::new() };
    let mut assertion = Assertion { flags: UP | UV | BE, ..registration.into_assertion() };
    assert!(!assertion.verify().unwrap().backup_upgraded);
    assertion.flags = UP | UV;
    assert_eq!(error_code(&assertion), ErrorCode::BackupStateInvalid);
}

/// If the user was verified at the registration of a credential, webauthn-rs also requires user verification at each
/// login. Doorward does not require it.
#[test]
fn user_verification_is_optional_unless_required() {
    for policy in [UserVerification::Preferred, UserVerification::Discouraged] {
        let mut assertion = Assertion { state: state(policy), flags: UP, ..Assertion::new() };
        assertion.credential.user_verified = true;
        assert!(!assertion.verify().unwrap().user_verified);
    }
}

#[test]
fn counter_must_increase_unless_both_are_zero() {
    for (stored, sent, accepted) in
        [(0, 0, true), (0, 1, true), (1, 2, true), (5, 5, false), (5, 4, false), (5, 0, false), (u32::MAX, 1, false)]
    {
        let mut assertion = Assertion { sign_count: sent, ..Assertion::new() };
        assertion.credential.sign_count = stored;
        assert_eq!(
            assertion.verify().err().map(|error| error.code),
            (!accepted).then_some(ErrorCode::CounterRegression)
        );
    }
}

#[test]
fn invalid_signature_takes_precedence_over_counter_regression() {
    let mut assertion = Assertion { sign_count: 1, key: Key::es256(), ..Assertion::new() };
    assertion.credential.sign_count = 9;
    assert_eq!(error_code(&assertion), ErrorCode::SignatureInvalid);
}

#[test]
fn rp_id_of_another_relying_party_is_rejected() {
    assert_eq!(error_code(&Assertion { rp_id: "example.com", ..Assertion::new() }), ErrorCode::RpIdMismatch);
}

#[test]
fn other_challenge_is_rejected() {
    let assertion = Assertion { challenge: ChallengeValue(vec![8; 32]), ..Assertion::new() };
    assert_eq!(error_code(&assertion), ErrorCode::ChallengeUnknown);
}

#[test]
fn invalid_stored_key_is_reported() {
    let mut assertion = Assertion::new();
    let mut ed448 = Key::ed25519().members();
    ed448[1].1 = (-53).into();
    assertion.credential.public_key = cose(ed448);
    assert_eq!(error_code(&assertion), ErrorCode::AlgorithmUnsupported);
    assertion.credential.public_key = vec![0xff];
    assert_eq!(error_code(&assertion), ErrorCode::CredentialMalformed);
}

#[test]
fn authenticator_data_must_match_its_flags() {
    let extensions = cbor(&map(vec![("uvm", 1.into())]));
    let with = Assertion { extensions: extensions.clone(), flags: UP | UV | ED, ..Assertion::new() };
    assert!(with.verify().is_ok());
    let invalid: [(Vec<u8>, u8); 4] = [
        (extensions.clone(), UP | UV),
        (vec![], UP | UV | ED),
        ([extensions, vec![0]].concat(), UP | UV | ED),
        (vec![], UP | UV | AT),
    ];
    for (extensions, flags) in invalid {
        let body = Assertion { extensions, flags, ..Assertion::new() }.body().to_string();
        parse_assertion(body.as_bytes()).unwrap_err();
    }
}

#[test]
fn attested_credential_data_is_allowed() {
    let attested = Registration::new().auth_data()[37..].to_vec();
    let assertion = Assertion { flags: UP | UV | AT, extensions: attested, ..Assertion::new() };
    assert!(assertion.verify().is_ok());
}

#[test]
fn any_changed_byte_is_rejected() {
    let good = Assertion::new();
    let body = good.body();
    for field in ["clientDataJSON", "authenticatorData", "signature"] {
        let bytes = Base64Url::decode(body["response"][field].as_str().unwrap()).unwrap().0;
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            let mut body = body.clone();
            body["response"][field] = b64(&damaged).into();
            if let Some(result) = good.verify_body(&body) {
                assert!(result.is_err(), "{field}, byte {at}");
            }
        }
    }
}

/// Encodes a DER signature without normalising its integers.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| [&[2, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let inside = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(inside.len()).unwrap()], inside].concat()
}

/// WebAuthn §6.5.5 requires a DER sequence of two integers from 1 to n - 1, where n is the order of the curve.
#[test]
fn only_strict_der_signatures_are_accepted() {
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let good = Assertion::new();
    let body = good.body();
    let signature = Base64Url::decode(body["response"]["signature"].as_str().unwrap()).unwrap().0;
    let split = 4 + usize::from(signature[3]);
    let (r, s) = (&signature[4..split], &signature[split + 2..]);
    assert_eq!(der(r, s), signature);
    let verify = |signature: &[u8]| {
        let mut body = body.clone();
        body["response"]["signature"] = b64(signature).into();
        good.verify_body(&body).unwrap().map(|_| ()).map_err(|error| error.code)
    };
    // (r, n - s) is also a valid signature. Anyone can compute it from (r, s), so accepting it adds no risk.
    let mut mirrored = [0_u8; 33];
    let padded = [vec![0; 33 - s.len()], s.to_vec()].concat();
    let order_padded = [vec![0], order.to_vec()].concat();
    let mut borrow = 0;
    for at in (0..33).rev() {
        let difference = i16::from(order_padded[at]) - i16::from(padded[at]) - borrow;
        borrow = i16::from(difference < 0);
        mirrored[at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let start = mirrored.iter().position(|byte| *byte != 0).unwrap();
    let start = if mirrored[start] & 0x80 == 0 { start } else { start - 1 };
    assert_eq!(verify(&der(r, &mirrored[start..])), Ok(()));

    let with_zero = [&[0], r].concat();
    let order = [&[0], &order[..]].concat();
    let long_form = [&[0x30, 0x81], &signature[1..]].concat();
    let indefinite = [&[0x30, 0x80], &signature[2..], &[0, 0]].concat();
    // Two integers of 32 bytes each, without DER encoding, as in a JWS (RFC 7518 §3.4).
    let plain = [&[vec![0; 33 - r.len()], r.to_vec()].concat()[1..], &padded[1..]].concat();
    let wrong = [
        der(&with_zero, s),
        der(&[0], s),
        der(r, &[0]),
        der(&[], s),
        der(&order, s),
        der(r, &order),
        der(s, r),
        der(&[&[0xff], r].concat(), s),
        long_form,
        indefinite,
        [&signature[..], &[0]].concat(),
        signature[..signature.len() - 1].to_vec(),
        [&[0x31], &signature[1..]].concat(),
        plain,
    ];
    for signature in wrong {
        assert_eq!(verify(&signature), Err(ErrorCode::SignatureInvalid), "{signature:02x?}");
    }
}
