//! Assertions: what is learnt from good ones, and why bad ones are refused.

use doorward_shared::{Base64Url, ErrorCode, config::UserVerification};

use super::{
    authenticator::{AT, Assertion, BE, BS, ED, Key, Registration, UP, UV, cbor, map},
    fixture::{b64, state},
};
use crate::{
    domain::{ChallengeValue, CredentialId},
    webauthn::{parse_assertion, transaction_challenge},
};

fn refused(assertion: &Assertion) -> ErrorCode {
    assertion.verify().unwrap_err().code
}

#[test]
fn an_assertion_is_accepted() {
    let verified = Assertion::new().verify().unwrap();
    assert_eq!(verified.sign_count, 2);
    assert!(verified.user_verified && !verified.backup_eligible && !verified.backup_state && !verified.backup_upgraded);
}

#[test]
fn a_transactions_longer_challenge_is_accepted() {
    let challenge = transaction_challenge([1; 32], "order-1", "{}");
    let client_data = super::authenticator::client_data("webauthn.get").to_string();
    let usual = super::fixture::b64(&super::authenticator::challenge().0);
    let client_data = client_data.replace(&usual, &challenge.to_string());
    assert!(Assertion { challenge, client_data, ..Assertion::new() }.verify().is_ok());
}

#[test]
fn the_signature_must_be_the_credentials() {
    let foreign = Assertion { key: Key::es256(), ..Assertion::new() };
    assert_eq!(refused(&foreign), ErrorCode::SignatureInvalid);
    for signature in [vec![], vec![0x30], vec![0; 70]] {
        assert_eq!(refused(&Assertion { signature: Some(signature), ..Assertion::new() }), ErrorCode::SignatureInvalid);
    }
}

#[test]
fn rsa_and_p384_signatures_are_judged_too() {
    for key in [Key::es384(), Key::rs256(aws_lc_rs::rsa::KeySize::Rsa2048)] {
        let mut assertion = Registration::with(key).into_assertion();
        assertion.verify().unwrap();
        assertion.key = Key::es256();
        assert_eq!(refused(&assertion), ErrorCode::SignatureInvalid);
    }
}

#[test]
fn only_listed_credentials_are_allowed() {
    let mut assertion = Assertion::new();
    assertion.allow(&assertion.id.clone());
    assert!(assertion.verify().is_ok());
    assertion.allow(&[1; 32]);
    assert_eq!(refused(&assertion), ErrorCode::CredentialNotAllowed);
    assertion.state.credentials = Some(vec![]);
    assert_eq!(refused(&assertion), ErrorCode::CredentialNotAllowed);
}

#[test]
fn the_credential_looked_up_must_be_the_one_that_answered() {
    let mut assertion = Assertion::new();
    assertion.credential.id = CredentialId::new(vec![1; 32]).unwrap();
    assert_eq!(refused(&assertion), ErrorCode::CredentialNotAllowed);
}

#[test]
fn flags_are_judged() {
    assert_eq!(refused(&Assertion { flags: UV, ..Assertion::new() }), ErrorCode::UserPresenceMissing);
    assert_eq!(refused(&Assertion { flags: UP, ..Assertion::new() }), ErrorCode::UserVerificationMissing);
    assert_eq!(refused(&Assertion { flags: UP | UV | BS, ..Assertion::new() }), ErrorCode::BackupStateInvalid);
}

#[test]
fn eligibility_for_backup_rises_but_never_falls() {
    for flags in [UP | UV | BE, UP | UV | BE | BS] {
        let verified = Assertion { flags, ..Assertion::new() }.verify().unwrap();
        assert!(verified.backup_upgraded && verified.backup_eligible);
        assert_eq!(verified.backup_state, flags & BS != 0);
    }
    let registration = Registration { flags: UP | UV | BE | BS | AT, ..Registration::new() };
    let mut assertion = Assertion { flags: UP | UV | BE, ..registration.into_assertion() };
    assert!(!assertion.verify().unwrap().backup_upgraded);
    assertion.flags = UP | UV;
    assert_eq!(refused(&assertion), ErrorCode::BackupStateInvalid);
}

/// webauthn-rs demands it of every credential that was registered with it.
#[test]
fn a_key_that_once_verified_its_user_need_not_where_that_is_only_preferred() {
    for wish in [UserVerification::Preferred, UserVerification::Discouraged] {
        let mut assertion = Assertion { state: state(wish), flags: UP, ..Assertion::new() };
        assertion.credential.user_verified = true;
        assert!(!assertion.verify().unwrap().user_verified);
    }
}

#[test]
fn the_counter_must_advance() {
    for (stored, sent, accepted) in
        [(0, 0, true), (0, 1, true), (1, 2, true), (5, 5, false), (5, 4, false), (5, 0, false), (u32::MAX, 1, false)]
    {
        let mut assertion = Assertion { sign_count: sent, ..Assertion::new() };
        assertion.credential.sign_count = stored;
        assert_eq!(
            assertion.verify().err().map(|refusal| refusal.code),
            (!accepted).then_some(ErrorCode::CounterRegression)
        );
    }
}

#[test]
fn only_the_keys_holder_can_make_a_credential_look_cloned() {
    let mut assertion = Assertion { sign_count: 1, key: Key::es256(), ..Assertion::new() };
    assertion.credential.sign_count = 9;
    assert_eq!(refused(&assertion), ErrorCode::SignatureInvalid);
}

#[test]
fn the_relying_party_must_be_the_tenants() {
    assert_eq!(refused(&Assertion { rp_id: "example.com", ..Assertion::new() }), ErrorCode::RpIdMismatch);
}

#[test]
fn the_challenge_must_be_the_one_that_was_sent() {
    let assertion = Assertion { challenge: ChallengeValue(vec![8; 32]), ..Assertion::new() };
    assert_eq!(refused(&assertion), ErrorCode::ChallengeUnknown);
}

#[test]
fn a_stored_key_that_cannot_be_verified_is_named_so() {
    let mut assertion = Assertion::new();
    assertion.credential.public_key = Key::es512().cose();
    assert_eq!(refused(&assertion), ErrorCode::AlgorithmUnsupported);
    assertion.credential.public_key = vec![0xff];
    assert_eq!(refused(&assertion), ErrorCode::CredentialMalformed);
}

#[test]
fn authenticator_data_is_read_to_its_last_byte() {
    let extensions = cbor(&map(vec![("uvm", 1.into())]));
    let with = Assertion { extensions: extensions.clone(), flags: UP | UV | ED, ..Assertion::new() };
    assert!(with.verify().is_ok());
    let broken: [(Vec<u8>, u8); 4] = [
        (extensions.clone(), UP | UV),
        (vec![], UP | UV | ED),
        ([extensions, vec![0]].concat(), UP | UV | ED),
        (vec![], UP | UV | AT),
    ];
    for (extensions, flags) in broken {
        let body = Assertion { extensions, flags, ..Assertion::new() }.body().to_string();
        parse_assertion(body.as_bytes()).unwrap_err();
    }
}

#[test]
fn an_assertion_never_carries_a_new_credential() {
    let registration = Registration::new();
    let attested = registration.auth_data()[37..].to_vec();
    let body = Assertion { flags: UP | UV | AT, extensions: attested, ..Assertion::new() }.body().to_string();
    assert!(parse_assertion(body.as_bytes()).unwrap_err().reason.contains("new credential"));
}

/// Every bit that was signed, and every bit of the signature, counts.
#[test]
fn damaged_assertions_are_refused() {
    let good = Assertion::new();
    let body = good.body();
    for field in ["clientDataJSON", "authenticatorData", "signature"] {
        let bytes = Base64Url::decode(body["response"][field].as_str().unwrap()).unwrap().0;
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            let mut body = body.clone();
            body["response"][field] = b64(&damaged).into();
            if let Some(verdict) = good.verify_body(&body) {
                assert!(verdict.is_err(), "{field}, byte {at}");
            }
        }
    }
}

/// An integer of a DER signature, exactly as given.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| [&[2, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let inside = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(inside.len()).unwrap()], inside].concat()
}

/// A signature is DER (WebAuthn §6.5.5), of two numbers between 1 and the order of the curve. webauthn-rs agrees on each.
#[test]
fn signatures_are_der_and_nothing_but() {
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
    let verdict = |signature: &[u8]| {
        let mut body = body.clone();
        body["response"]["signature"] = b64(signature).into();
        good.verify_body(&body).unwrap().map(|_| ()).map_err(|refusal| refusal.code)
    };
    // The other root of the same signature: whoever has one can compute it, and it proves as much.
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
    assert_eq!(verdict(&der(r, &mirrored[start..])), Ok(()));

    let with_zero = [&[0], r].concat();
    let order = [&[0], &order[..]].concat();
    let long_form = [&[0x30, 0x81], &signature[1..]].concat();
    let indefinite = [&[0x30, 0x80], &signature[2..], &[0, 0]].concat();
    // Both numbers with 32 bytes each, as JWS has them (RFC 7518 §3.4).
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
        assert_eq!(verdict(&signature), Err(ErrorCode::SignatureInvalid), "{signature:02x?}");
    }
}
