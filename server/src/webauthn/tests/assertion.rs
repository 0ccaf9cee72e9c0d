//! Assertions: what is learnt from good ones, and why bad ones are refused.

use doorward_shared::{Base64Url, ErrorCode, config::UserVerification};

use super::{
    authenticator::{AT, Assertion, BE, BS, ED, Key, Registration, UP, UV, cbor, map},
    fixture::{b64, state},
};
use crate::{
    domain::{ChallengeValue, CredentialId},
    webauthn::{parse_assertion, transaction_challenge, verify_assertion},
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
            if let Ok(parsed) = parse_assertion(body.to_string().as_bytes()) {
                let verdict = verify_assertion(&good.state, &good.challenge, &good.credential, &parsed);
                assert!(verdict.is_err(), "{field}, byte {at}");
            }
        }
    }
}
