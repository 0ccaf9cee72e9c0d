use doorward_shared::{ErrorCode, TenantId, UserId, admin::ConfigProblem, refusal::MAX_DETAIL_BYTES};
use uuid::Uuid;

use super::*;
use crate::{
    domain::{CeremonyState, ChallengeValue},
    service::auth::{KeyRejection, RejectedKey},
    webauthn::VerificationError,
};

const HOSTILE: &str = "\u{1b}]0;title\u{7}\"\u{202e}\\";

/// Returns one refusal of each variant except `TooOften`. `text` takes the place of texts that clients can choose.
fn refusals(text: &str) -> Vec<Refusal> {
    let own = || text.to_owned();
    let known = |check| RefusalDetail::new(check).expected([text]).received(text);
    let problem = ConfigProblem { field: own(), message: own() };
    vec![
        Refusal::Invalid(own()),
        Refusal::UnknownMember(own()),
        Refusal::UnknownParameter(own()),
        Refusal::Malformed(own()),
        Refusal::BodyTooLarge(own()),
        Refusal::MediaType(own()),
        Refusal::BodyTooSlow(own()),
        Refusal::Query(own()),
        Refusal::MalformedCredential(own()),
        Refusal::UserNotFound,
        Refusal::UserAmbiguous,
        Refusal::NoSuitableCredential,
        Refusal::TransactionExists,
        Refusal::ChallengeUnknown,
        Refusal::ChallengeExpired,
        Refusal::UserHandle(ErrorCode::UserHandleMismatch, "", Box::new(known(Check::UserHandleOwner))),
        Refusal::Verification(VerificationError::new(ErrorCode::OriginMismatch, text, known(Check::Origin))),
        Refusal::CredentialExists,
        Refusal::TooManyCredentials(u32::MAX),
        Refusal::AcrUnreachable { accepted: vec!["aal3".to_owned()], highest: "aal2".to_owned() },
        Refusal::TokenInvalid("none of the tenant's published keys signed this text"),
        Refusal::TokenExpired(Timestamp::from_millis(0)),
        Refusal::TokenRedeemed("j1".into()),
        Refusal::CredentialNotFound(own()),
        Refusal::TenantNotFound,
        Refusal::TenantDisabled,
        Refusal::UserDisabled,
        Refusal::TenantExists(""),
        Refusal::SecretNotFound,
        Refusal::SecretInUse,
        Refusal::LastAdminToken,
        Refusal::TenantChanged { sent: own(), current: own() },
        Refusal::StateChanged(own()),
        Refusal::Conflict(own()),
        Refusal::Config(vec![problem; 40]),
    ]
}

#[test]
fn each_refusal_names_a_check_of_its_code_in_one_kilobyte() {
    for text in [HOSTILE, &HOSTILE.repeat(1_000)] {
        for refusal in refusals(text) {
            let detail = refusal.detail();
            let check = detail.check.unwrap_or_else(|| panic!("{refusal:?} has no check"));
            assert!(refusal.code().checks().contains(&check), "{refusal:?}: {check}");
            let json = serde_json::to_string(&detail.request("POST", text)).unwrap();
            assert!(json.len() <= MAX_DETAIL_BYTES && !json.contains(['\u{1b}', '\u{202e}']), "{json}");
            assert!(!json.contains("\\u001b"), "{json}");
        }
    }
}

/// A rate-limited request writes no audit entry, so its refusal needs no check.
#[test]
fn rate_limited_requests_have_no_check() {
    assert_eq!(Refusal::TooOften(1).detail(), RefusalDetail::default());
}

#[test]
fn rejected_keys_contain_their_id_and_no_secret() {
    let id = Uuid::from_u128(7);
    for (rejected, check) in [
        (RejectedKey::from(KeyRejection::Missing), Check::KeyPresent),
        (KeyRejection::Unknown.of(id), Check::KeyKnown),
        (KeyRejection::Wrong.of(id), Check::KeySecret),
        (RejectedKey::expired(id, Some(Timestamp::from_millis(0))), Check::KeyUnexpired),
        (KeyRejection::Malformed.of_form(crate::crypto::KeyKind::Api, "hunter2"), Check::KeyForm),
    ] {
        let detail = rejected.detail();
        assert_eq!(detail.check, Some(check));
        assert_eq!(detail.key_id.is_some(), matches!(check, Check::KeyKnown | Check::KeySecret | Check::KeyUnexpired));
        let json = serde_json::to_string(&detail).unwrap();
        assert!(!json.contains("hunter2"));
        assert_eq!(json.contains("a request before 1970-01-01T00:00:00.000Z"), check == Check::KeyUnexpired, "{json}");
        assert_eq!(json.contains("dw_<key id>_<secret>"), check == Check::KeyForm, "{json}");
    }
}

fn challenge(ceremony: Ceremony) -> Challenge {
    Challenge {
        tenant_id: TenantId::new(Uuid::from_u128(1)),
        value: ChallengeValue(vec![1; 32]),
        ceremony,
        user_id: Some(UserId::new(Uuid::from_u128(2))),
        transaction_id: None,
        state: CeremonyState {
            rp_id: "example.com".to_owned(),
            origins: Vec::new(),
            top_origins: Vec::new(),
            minimum_level: None,
            algorithms: Vec::new(),
            user_verification: doorward_shared::config::UserVerification::Required,
            counter_policy: doorward_shared::config::CounterPolicy::Refuse,
            conditional: false,
            backup_eligibility_change: doorward_shared::config::BackupEligibilityChange::Accept,
            credentials: None,
        },
        created_at: Timestamp::from_millis(1_000),
        expires_at: Timestamp::from_millis(61_000),
    }
}

fn completed(refusal: &Refusal, stored: Option<&Challenge>) -> RefusalDetail {
    let mut request = RequestData::default();
    request.set_challenge(Ceremony::Login, stored, Timestamp::from_millis(74_500));
    request.complete(refusal.detail())
}

#[test]
fn expired_challenge_shows_age_and_lifetime() {
    let detail = completed(&Refusal::ChallengeExpired, Some(&challenge(Ceremony::Login)));
    assert_eq!(
        (detail.expected, detail.received),
        (vec!["less than 60000 ms".to_owned()], Some("73500 ms".to_owned()))
    );
    let expected = StoredChallenge { ceremony: "login".into(), age_ms: 73_500, lifetime_ms: 60_000 };
    assert_eq!(detail.challenge, Some(expected));
}

#[test]
fn challenge_of_another_ceremony_differs_from_an_unknown_one() {
    let detail = completed(&Refusal::ChallengeUnknown, Some(&challenge(Ceremony::MfaLogin)));
    assert_eq!(detail.check, Some(Check::ChallengeCeremony));
    assert_eq!((detail.expected, detail.received), (vec!["login".to_owned()], Some("mfa_login".to_owned())));
    let unknown = completed(&Refusal::ChallengeUnknown, None);
    assert_eq!((unknown.check, unknown.received, unknown.challenge), (Some(Check::ChallengeKnown), None, None));
    let used = completed(&Refusal::ChallengeUnknown, Some(&challenge(Ceremony::Login)));
    assert!(used.received.is_some_and(|received| received.contains("used meanwhile")));
}
