use doorward_shared::{
    AuditId, AuditType, TenantId, Timestamp,
    refusal::{AuthenticatorState, StoredChallenge, StoredCredential},
};
use uuid::Uuid;

use super::*;

fn row(kind: AuditType, code: &str, detail: Option<RefusalDetail>) -> AdminAuditLogItem {
    let at = Timestamp::from_millis(1_764_000_000_000);
    let entry = AuditLogItem {
        id: AuditId::new(Uuid::from_u128(1)),
        kind,
        error: Some("the reason".to_owned()),
        error_code: Some(code.to_owned()),
        meta_http_request_id: "req-1".to_owned(),
        meta_source_ip: "203.0.113.7".to_owned(),
        meta_user_agent: "Firefox".to_owned(),
        actor_user_id: Some("alice".to_owned()),
        credential_id: None,
        api_key_id: None,
        detail: detail.map(|detail| serde_json::to_value(detail).unwrap()),
        created_at: at,
        updated_at: at,
        tenant_id: TenantId::new(Uuid::from_u128(2)),
        transaction_id: None,
    };
    AdminAuditLogItem { entry, tenant_name: Some("Shop".to_owned()) }
}

fn login(code: &str, detail: RefusalDetail) -> Explanation {
    explain(&row(AuditType::WebauthnAuthenticationFinalFailed, code, Some(detail)), &[]).unwrap()
}

fn text(explanation: &Explanation) -> String {
    explanation.lines().iter().map(|(label, text)| format!("{label:<9} {text}\n")).collect()
}

#[test]
fn each_code_with_an_entry_is_explained_with_and_without_detail() {
    for code in ErrorCode::ALL.iter().filter(|code| !code.checks().is_empty()) {
        let old = explain(&row(AuditType::RequestRejected, code.as_str(), None), &[]).unwrap();
        let lines = text(&old);
        assert!(lines.contains("expected  not recorded") && lines.contains("received  not recorded"), "{lines}");
        assert!(!old.causes.is_empty() && old.fix.is_some(), "{lines}");
        assert_eq!(old.check.is_none(), code.checks().len() > 1, "{lines}");
        for check in code.checks() {
            let detail = RefusalDetail::new(*check).expected(["one", "two"]).received("three");
            let new = explain(&row(AuditType::RequestRejected, code.as_str(), Some(detail)), &[]).unwrap();
            assert_eq!((new.check, new.received.as_deref()), (Some(check.description()), Some("three")));
            assert!(!new.causes.is_empty() && new.causes.iter().all(|cause| cause.ends_with('.')), "{new:?}");
        }
    }
}

#[test]
fn entries_of_unknown_codes_and_newer_versions_are_explained() {
    let newer = row(AuditType::WebauthnAuthenticationFinalFailed, "moon_phase", None);
    let lines = text(&explain(&newer, &[]).unwrap());
    assert!(lines.contains("code      moon_phase") && lines.contains("check     not recorded"), "{lines}");
    assert!(lines.contains("challenge not recorded") && lines.contains("flags     not recorded"), "{lines}");
    let mut success = row(AuditType::TenantCreated, "", None);
    success.entry.error_code = None;
    assert_eq!(explain(&success, &[]), None);
}

#[test]
fn entries_that_a_monitored_policy_would_have_refused_are_explained() {
    let detail = RefusalDetail::new(Check::TrustDeviceBound).expected(["BE = 0"]).received("BE = 1");
    let found = explain(&row(AuditType::WebauthnAuthenticationFinalSucceeded, "trust_policy", Some(detail)), &[]);
    let lines = text(&found.unwrap());
    for expected in ["outcome   accepted, because the trust policy only monitors", "received  BE = 1"] {
        assert!(lines.contains(expected), "{lines}");
    }
    let refused = login("trust_policy", RefusalDetail::new(Check::TrustDeviceBound));
    assert_eq!(refused.outcome, None);
}

#[test]
fn unproven_models_are_explained_by_their_attestation() {
    for (received, expected) in [
        ("ab (not proven, attestation: none)", "sent no attestation"),
        ("self", "signed its own attestation"),
        ("ab (not proven, attestation: unknown_issuer)", "not imported or does not contain the issuer"),
        ("L1: ab", "requires a higher certification"),
    ] {
        let detail = RefusalDetail::new(Check::TrustCertification).received(received);
        let causes = login("trust_policy", detail).causes;
        assert!(causes[0].contains(expected), "{causes:?}");
    }
}

#[test]
fn explanation_of_an_origin_is_complete() {
    let detail = RefusalDetail {
        challenge: Some(StoredChallenge { ceremony: "login".into(), age_ms: 1_250, lifetime_ms: 60_000 }),
        authenticator: Some(AuthenticatorState { up: true, uv: false, be: true, bs: false, sign_count: 7 }),
        credential: Some(StoredCredential { sign_count: 6, be: true, is_mfa: false }),
        ..RefusalDetail::new(Check::Origin).expected(["https://app.example.com"]).received("http://app.example.com")
    };
    let lines = text(&login("origin_mismatch", detail));
    for expected in [
        "code      origin_mismatch",
        "check     The origin of the page or app is one of the tenant's origins.",
        "expected  https://app.example.com",
        "received  http://app.example.com",
        "challenge of login, 1.2 s after initialize, valid for 60 s",
        "flags     UP = 1  UV = 0  BE = 1  BS = 0",
        "counter   stored 6, received 7",
        "likely    The origin differs from https://app.example.com only by its scheme: the page was loaded over http.",
        "fix       Add the page's origin to `webauthn.relying_party.origins`",
        "section   WebAuthn Level 3 §7.2 step 12",
    ] {
        assert!(lines.contains(expected), "{expected:?} is not in\n{lines}");
    }
}

#[test]
fn differences_between_origins_are_named() {
    let accepted = ["https://shop.example.com".to_owned(), "https://shop.example.com:8443".to_owned()];
    for (received, expected) in [
        ("http://shop.example.com", "only by its scheme"),
        ("https://shop.example.com:9443", "only by its port: 9443 instead of"),
        ("https://shop.example.com/", "only by a trailing slash"),
        ("https://shop.example.com/login", "only by the part after the host"),
        ("https://SHOP.example.com", "only by upper and lower case"),
        ("https://shop.example.com.", "only by a dot after the host"),
        ("https://www.shop.example.com", "only by `www.`"),
        ("https://eu.shop.example.com", "eu.shop.example.com is a subdomain of shop.example.com"),
        ("https://example.com", "example.com is a parent domain of shop.example.com"),
        ("https://login.example.com", "both subdomains of example.com"),
        ("https://shop.examp1e.com", "may be a phishing page"),
        ("https://example-login.net", "may be a phishing page"),
        ("null", "sandboxed frame"),
        ("android:apk-key-hash:AAAA", "Android app"),
        ("chrome-extension://mabekielmoibbmlepeohhncklpnjmcpk", "browser extension"),
    ] {
        let found = origin_difference(received, &accepted).unwrap_or_default();
        assert!(found.contains(expected), "{received}: {found}");
    }
    assert_eq!(origin_difference("https://other.net", &accepted), None);
    let pattern = ["https://*.example.com".to_owned()];
    for (received, expected) in [
        ("https://example.com", "accepts the subdomains of example.com, not the domain itself"),
        ("http://app.example.com", "differs from the pattern https://*.example.com by its scheme, port or form"),
        ("https://app.example.com:8443", "by its scheme, port or form"),
        ("https://examp1e.com", "may be a phishing page"),
    ] {
        let found = origin_difference(received, &pattern).unwrap_or_default();
        assert!(found.contains(expected), "{received}: {found}");
    }
    let local = login(
        "origin_mismatch",
        RefusalDetail::new(Check::Origin).expected(accepted).received("http://localhost:3000"),
    );
    assert!(local.causes[0].contains("developer's own computer"), "{:?}", local.causes);
}

#[test]
fn frames_are_explained_with_the_page_that_contains_them() {
    let detail =
        |expected: &str, received: &str| RefusalDetail::new(Check::TopLevel).expected([expected]).received(received);
    let causes = |detail| login("cross_origin", detail).causes.join(" ");
    let older = causes(detail("crossOrigin false, topOrigin absent", "crossOrigin true, topOrigin absent"));
    assert_eq!(older, "The page that runs the ceremony is embedded in a frame of another site.");
    let unknown = causes(detail("https://partner.example", "https://evil.test"));
    assert!(unknown.contains("https://evil.test contains the page in a frame") && unknown.contains("clickjacking"));
    let similar = causes(detail("https://partner.example", "http://partner.example"));
    assert!(similar.contains("only by its scheme"), "{similar}");
}

#[test]
fn explanation_states_how_late_the_response_was() {
    let expired = |age_ms, lifetime_ms| {
        let challenge = StoredChallenge { ceremony: "login".into(), age_ms, lifetime_ms };
        let detail = RefusalDetail { challenge: Some(challenge), ..RefusalDetail::new(Check::ChallengeUnexpired) };
        login("challenge_expired", detail).causes.join(" ")
    };
    let causes = expired(73_500, 60_000);
    assert!(causes.contains("13.5 s too late") && causes.contains("needed more time"), "{causes}");
    assert!(expired(3_600_000, 60_000).contains("left open"));
    assert!(expired(610_000, 600_000).contains("already the maximum"));
}

#[test]
fn counters_distinguish_copies_from_lost_counters() {
    let counter = |stored, sent| {
        let detail = RefusalDetail {
            authenticator: Some(AuthenticatorState { up: true, uv: true, be: false, bs: false, sign_count: sent }),
            credential: Some(StoredCredential { sign_count: stored, be: false, is_mfa: false }),
            ..RefusalDetail::new(Check::SignatureCounter)
        };
        login("counter_regression", detail).causes.join(" ")
    };
    assert!(counter(41, 40).contains("went back by 1"));
    assert!(counter(41, 41).contains("same as at the last login"));
    assert!(counter(41, 0).contains("no longer has a counter"));
}

#[test]
fn accepted_regression_of_a_synced_credential_is_explained() {
    let mut accepted = row(AuditType::WebauthnAuthenticationFinalSucceeded, "", None);
    (accepted.entry.error, accepted.entry.error_code) = (None, None);
    assert_eq!(explain(&accepted, &[]), None);
    assert!(!is_explained(&accepted));
    accepted.entry.detail = Some(serde_json::json!({ "counter_regression": { "stored": 5, "received": 3 } }));
    assert!(is_explained(&accepted));
    let lines = text(&explain(&accepted, &[]).unwrap());
    for line in ["expected  more than 5", "received  3", "counter_regression (accepted)", "`record`", "§7.2 step 22"] {
        assert!(lines.contains(line), "{line}: {lines}");
    }
    let refused = RefusalDetail {
        authenticator: Some(AuthenticatorState { up: true, uv: true, be: true, bs: true, sign_count: 3 }),
        credential: Some(StoredCredential { sign_count: 5, be: true, is_mfa: false }),
        ..RefusalDetail::new(Check::SignatureCounter)
    };
    let causes = login("counter_regression", refused).causes.join(" ");
    assert!(causes.contains("`webauthn.counter_policy`: `record`"), "{causes}");
}

#[test]
fn rp_id_of_another_origin_is_named() {
    let rp_id = |received: &str| {
        login("rp_id_mismatch", RefusalDetail::new(Check::RpId).expected(["example.com"]).received(received))
            .causes
            .join(" ")
    };
    assert!(rp_id("login.example.com").contains("passed the RP ID login.example.com"));
    assert!(rp_id("https://example.com (a U2F AppID)").contains("U2F"));
    assert!(rp_id("an RP ID with the SHA-256 hash AAAA").contains("was changed after"));
}

#[test]
fn key_history_shows_owner_and_revocation() {
    let id = Uuid::from_u128(9);
    let rejected = |history: &[AdminAuditLogItem]| {
        let detail = RefusalDetail::new(Check::KeyKnown).key(Some(id));
        let entry = row(AuditType::ApiKeyRejected, "api_key_invalid", Some(detail));
        explain(&entry, history).unwrap().causes.join(" ")
    };
    let mut change = row(AuditType::ApiKeyRevoked, "", None);
    change.entry.detail = Some(serde_json::json!({ "id": id, "name": "backend" }));
    assert!(rejected(&[]).contains("was revoked, or belongs to another tenant or server"));
    assert!(rejected(std::slice::from_ref(&change)).contains("alice revoked the key at 2025-11-24 16:00:00"));
    change.entry.tenant_id = TenantId::new(Uuid::from_u128(3));
    change.tenant_name = Some("Bank".to_owned());
    assert!(rejected(std::slice::from_ref(&change)).contains("key of the tenant Bank, which alice revoked"));
    change.entry.kind = AuditType::ApiKeyCreated;
    assert!(rejected(std::slice::from_ref(&change)).contains("key of another tenant: Bank"));
}

#[test]
fn explanation_states_how_long_ago_the_key_expired() {
    let detail = RefusalDetail::new(Check::KeyUnexpired).expected(["a request before 2025-11-22T16:00:00.000Z"]);
    let entry = row(AuditType::ApiKeyRejected, "api_key_invalid", Some(detail));
    assert_eq!(explain(&entry, &[]).unwrap().causes, ["The key expired 2d before the request."]);
}

#[test]
fn sites_that_share_only_a_public_suffix_are_not_similar() {
    for (received, accepted) in [
        ("https://evil.co.uk", "https://shop.co.uk"),
        ("https://evil.github.io", "https://shop.github.io"),
        ("https://192.0.2.7", "https://198.0.2.7"),
    ] {
        let found = origin_difference(received, &[accepted.to_owned()]).unwrap_or_default();
        assert!(!found.contains("must be listed") && !found.contains("looks like"), "{received}: {found}");
    }
}
