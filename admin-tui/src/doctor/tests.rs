use clap::Parser as _;
use doorward_shared::{
    AuditId, AuditType, AuthenticatorStatus, ErrorCode, TenantId,
    admin::{JobVitals, MetadataStatus, SecretItem, SigningAlgorithm, SigningKeyItem, TenantDetail},
    audit::{AdminAuditLogItem, AuditLogItem},
    config::{AttestationPreference, Cors, RelyingParty, TenantConfig, TrustMode, UserVerification},
    refusal::{Check, RefusalDetail, StoredChallenge},
};
use uuid::Uuid;

use super::*;
use crate::args::Cli;

const DAY: i64 = 86_400_000;

fn now() -> Timestamp {
    "2026-11-25T10:30:00Z".parse().unwrap()
}

/// Returns the report of a tenant whose only findings are the informational ones of the default configuration.
fn healthy() -> TenantReport {
    let relying_party =
        RelyingParty::new("example.com".to_owned(), "Shop".to_owned(), vec!["https://app.example.com".to_owned()]);
    let config = TenantConfig {
        cors: Cors { allowed_origins: vec!["https://*.example.com".to_owned()], allow_unsafe_wildcard: false },
        ..TenantConfig::for_relying_party(relying_party)
    };
    let signing = SigningKeyItem {
        id: Uuid::from_u128(8),
        algorithm: SigningAlgorithm::Es256,
        created_at: now().plus_millis(-DAY),
        signs_from: now().plus_millis(-DAY),
        retired_at: None,
        withdrawn_at: None,
        signing: true,
        rotates_at: None,
    };
    TenantReport {
        tenant: TenantDetail {
            id: TenantId::new(Uuid::from_u128(1)),
            display_name: "Shop".to_owned(),
            disabled_at: None,
            config,
        },
        api_keys: vec![key("backend", Some(-1), None)],
        signing_keys: vec![signing],
        refusals: Vec::new(),
        is_partial: false,
        succeeded: 1_000,
        metadata: MetadataStatus {
            number: Some(291),
            next_update: Some("2026-12-01".to_owned()),
            outdated: false,
            imported_at: Some(now().plus_millis(-DAY)),
            age_days: Some(1),
            entries: 345,
        },
        failing_jobs: Vec::new(),
    }
}

/// Returns a key. `used` and `expires` are numbers of days relative to now; `used` is negative.
fn key(name: &str, used: Option<i64>, expires: Option<i64>) -> SecretItem {
    SecretItem {
        id: Uuid::from_u128(9),
        name: name.to_owned(),
        hint: "dw_0000…".to_owned(),
        created_at: now().plus_millis(-400 * DAY),
        last_used_at: used.map(|days| now().plus_millis(days * DAY)),
        expires_at: expires.map(|days| now().plus_millis(days * DAY)),
        disabled_at: None,
    }
}

fn refused(report: &mut TenantReport, times: usize, kind: AuditType, code: ErrorCode, detail: &RefusalDetail) {
    let entry = AuditLogItem {
        id: AuditId::new(Uuid::from_u128(1)),
        kind,
        error: None,
        error_code: Some(code.to_string()),
        meta_http_request_id: String::new(),
        meta_source_ip: String::new(),
        meta_user_agent: String::new(),
        actor_user_id: Some("alice".to_owned()),
        credential_id: None,
        api_key_id: None,
        detail: serde_json::to_value(detail).ok(),
        created_at: now(),
        updated_at: now(),
        tenant_id: report.tenant.id,
        transaction_id: None,
    };
    let row = AdminAuditLogItem { entry, tenant_name: None };
    report.refusals.extend(std::iter::repeat_n(row, times));
}

const LOGIN: AuditType = AuditType::WebauthnAuthenticationFinalFailed;

fn find(report: &TenantReport, name: &str) -> Option<Finding> {
    let findings = examine(report, &Program::default(), now());
    assert!(findings.is_sorted_by_key(|finding| finding.severity));
    for finding in &findings {
        if let Some(command) = &finding.command {
            check_command(command);
        }
    }
    findings.into_iter().find(|finding| finding.name == name)
}

#[track_caller]
fn expect(report: &TenantReport, name: &str, severity: Severity, texts: &[&str]) {
    let found =
        find(report, name).unwrap_or_else(|| panic!("no {name}: {:?}", examine(report, &Program::default(), now())));
    assert_eq!(found.severity, severity, "{found:?}");
    let all = format!("{} {}", found.message, found.command.unwrap_or_default());
    for text in texts {
        assert!(all.contains(text), "{text:?} is not in {all}");
    }
}

/// Checks that the argument parser accepts every call of `doorward-admin` in a proposed command.
fn check_command(command: &str) {
    for part in command.split(" | ").filter(|part| part.starts_with("doorward-admin ")) {
        Cli::try_parse_from(part.split(' ')).unwrap_or_else(|error| panic!("{part}: {error}"));
    }
}

#[test]
fn healthy_tenant_has_no_error_and_no_warning() {
    let findings = examine(&healthy(), &Program::default(), now());
    assert!(findings.iter().all(|finding| finding.severity == Severity::Info), "{findings:?}");
}

#[test]
fn policies_that_lack_metadata_are_found() {
    let mut report = healthy();
    report.metadata.outdated = true;
    report.tenant.config.trust.passkeys.deny_statuses = vec![AuthenticatorStatus::Revoked];
    assert_eq!(find(&report, "metadata_outdated"), None, "the policy is off");
    report.tenant.config.trust.passkeys.registration = TrustMode::Enforce;
    let texts = ["due on 2026-12-01", "doorward mds import blob.jwt"];
    expect(&report, "metadata_outdated", Severity::Warning, &texts);
    report.metadata.number = None;
    expect(&report, "metadata_missing", Severity::Warning, &["no model has a status"]);
    report.tenant.config.trust.passkeys.attestation_required = true;
    expect(&report, "metadata_missing", Severity::Error, &["it refuses everyone", "doorward mds import"]);
    report.metadata = healthy().metadata;
    assert_eq!(find(&report, "metadata_missing").or_else(|| find(&report, "metadata_outdated")), None);
}

#[test]
fn rules_of_browsers_are_checked() {
    let mut report = healthy();
    let rp = &mut report.tenant.config.webauthn.relying_party;
    rp.origins = ["http://app.example.com", "https://192.0.2.7", "https://example.org", "http://localhost:3000"]
        .map(str::to_owned)
        .into();
    expect(&report, "origin_not_https", Severity::Error, &["http://app.example.com"]);
    expect(&report, "origin_ip_address", Severity::Error, &["https://192.0.2.7"]);
    expect(&report, "rp_id_no_suffix", Severity::Error, &["https://example.org"]);
    let mut local = healthy();
    local.tenant.config.webauthn.relying_party.id = "localhost".to_owned();
    local.tenant.config.webauthn.relying_party.origins = vec!["http://localhost:3000".to_owned()];
    expect(&local, "rp_id_localhost", Severity::Warning, &[]);
    assert_eq!(find(&local, "origin_not_https"), None);
}

#[test]
fn related_origins_beyond_five_names_are_found() {
    let mut report = healthy();
    assert_eq!(find(&report, "related_origins_document"), None);
    let names = ["a", "b", "c", "d", "e"].map(|name| format!("https://{name}.net"));
    let rp = &mut report.tenant.config.webauthn.relying_party;
    rp.related_origins = names.into();
    rp.related_origins.push("https://www.a.co.uk".to_owned());
    report
        .tenant
        .config
        .cors
        .allowed_origins
        .extend(report.tenant.config.webauthn.relying_party.related_origins.clone());
    assert_eq!(find(&report, "related_origin_labels"), None);
    assert_eq!(find(&report, "cors_missing"), None);
    let show = "| jq '{origins: .webauthn.relying_party.related_origins}'";
    let published = "https://example.com/.well-known/webauthn";
    expect(&report, "related_origins_document", Severity::Info, &[published, "application/json", show]);
    report.tenant.config.webauthn.relying_party.related_origins.push("https://f.net".to_owned());
    let ignored = ["ignore the related origins https://f.net:", "here a, b, c, d, e."];
    expect(&report, "related_origin_labels", Severity::Error, &ignored);
    expect(&report, "cors_missing", Severity::Warning, &["https://f.net"]);
}

#[test]
fn patterns_extensions_and_frames_are_found() {
    let mut report = healthy();
    let rp = &mut report.tenant.config.webauthn.relying_party;
    rp.origins =
        ["https://*.example.com", "chrome-extension://mabekielmoibbmlepeohhncklpnjmcpk"].map(str::to_owned).into();
    rp.top_origins = vec!["https://partner.example".to_owned()];
    expect(&report, "origin_pattern", Severity::Info, &["every subdomain of example.com"]);
    expect(&report, "frames_accepted", Severity::Info, &["frame-ancestors 'self' https://partner.example"]);
    assert!(examine(&report, &Program::default(), now()).iter().all(|finding| finding.severity == Severity::Info));
    let detail = RefusalDetail::new(Check::Origin).received("https://eu.example.com");
    refused(&mut report, 1, LOGIN, ErrorCode::OriginMismatch, &detail);
    assert_eq!(find(&report, "origin_unknown"), None, "the pattern accepts it now");
    let random = "moz-extension://7f3a2c1e-0000-4000-8000-000000000001".to_owned();
    let origins = &mut report.tenant.config.webauthn.relying_party.origins;
    origins.extend(["https://*.example.org".to_owned(), "http://*.example.com".to_owned(), random]);
    expect(&report, "rp_id_no_suffix", Severity::Error, &["https://*.example.org"]);
    expect(&report, "origin_not_https", Severity::Error, &["http://*.example.com"]);
    expect(&report, "extension_id_random", Severity::Warning, &["moz-extension://7f3a", "Firefox 150"]);
}

#[test]
fn unknown_origin_of_the_tenants_domain_is_an_error_with_its_command() {
    let mut report = healthy();
    let detail = |origin: &str| RefusalDetail::new(Check::Origin).received(origin);
    refused(&mut report, 3, LOGIN, ErrorCode::OriginMismatch, &detail("https://www.example.com"));
    expect(
        &report,
        "origin_unknown",
        Severity::Error,
        &["3 requests", "jq '.webauthn.relying_party.origins += [\"https://www.example.com\"]'", "config set"],
    );
    report.tenant.config.cors.allowed_origins = vec!["https://app.example.com".to_owned()];
    let both = "origins += [\"https://www.example.com\"] | .cors.allowed_origins += [\"https://www.example.com\"]'";
    expect(&report, "origin_unknown", Severity::Error, &[both]);
    // A configured origin causes no finding.
    let mut fixed = healthy();
    refused(&mut fixed, 3, LOGIN, ErrorCode::OriginMismatch, &detail("https://app.example.com"));
    assert_eq!(find(&fixed, "origin_unknown"), None);
}

#[test]
fn unrelated_origins_get_no_command() {
    for origin in [
        "https://evil.example.net",
        "https://example.com.evil.net/'; rm -rf ~",
        "\u{1b}]0;x\u{7}",
        "null",
        "android:apk-key-hash:AAAA",
    ] {
        let mut report = healthy();
        let detail = RefusalDetail::new(Check::Origin).received(origin);
        refused(&mut report, 1, LOGIN, ErrorCode::OriginMismatch, &detail);
        let found = find(&report, "origin_unknown").unwrap();
        assert_eq!((found.severity, found.command), (Severity::Warning, None), "{origin}");
    }
}

#[test]
fn origins_without_cors_are_found() {
    let mut report = healthy();
    report.tenant.config.webauthn.relying_party.origins.push("https://example.com".to_owned());
    expect(&report, "cors_missing", Severity::Warning, &["https://example.com", ".cors.allowed_origins +="]);
    report.tenant.config.cors.allowed_origins.push("https://example.com".to_owned());
    assert_eq!(find(&report, "cors_missing"), None);
    report.tenant.config.cors.allow_unsafe_wildcard = true;
    report.tenant.config.cors.allowed_origins.push("https://*example.com".to_owned());
    expect(&report, "cors_unsafe_wildcard", Severity::Warning, &["https://*example.com"]);
}

#[test]
fn many_failures_of_user_verification_are_found() {
    let mut report = healthy();
    let detail = RefusalDetail::new(Check::UserVerification);
    refused(&mut report, 4, LOGIN, ErrorCode::UserVerificationMissing, &detail);
    assert_eq!(find(&report, "verification_missing"), None);
    refused(&mut report, 1, LOGIN, ErrorCode::UserVerificationMissing, &detail);
    let command = ".webauthn.user_verification = \"preferred\"";
    expect(
        &report,
        "verification_missing",
        Severity::Warning,
        &["5 requests", "webauthn.user_verification is", command],
    );
    report.tenant.config.webauthn.user_verification = UserVerification::Preferred;
    assert_eq!(find(&report, "verification_missing"), None);
}

#[test]
fn expired_challenges_suggest_a_timeout_that_would_have_sufficed() {
    let mut report = healthy();
    for age_ms in [65_000, 70_000, 80_000, 95_000, 3_600_000] {
        let challenge = StoredChallenge { ceremony: "login".into(), age_ms, lifetime_ms: 60_000 };
        let detail = RefusalDetail { challenge: Some(challenge), ..RefusalDetail::new(Check::ChallengeUnexpired) };
        refused(&mut report, 10, LOGIN, ErrorCode::ChallengeExpired, &detail);
    }
    expect(&report, "challenges_expire", Severity::Warning, &["50 requests", "(4 %", ".webauthn.timeout = 120000"]);
    report.tenant.config.webauthn.challenge_lifetime = Some(90_000);
    expect(
        &report,
        "challenges_expire",
        Severity::Warning,
        &["lifetime is 90000", ".webauthn.challenge_lifetime = 120000"],
    );
    report.succeeded = 1_000_000;
    assert_eq!(find(&report, "challenges_expire"), None);
}

#[test]
fn unused_and_expiring_keys_are_found() {
    let mut report = healthy();
    report.api_keys = Vec::new();
    expect(&report, "no_api_key", Severity::Error, &["api-key create --tenant"]);
    report.api_keys = vec![key("old", Some(-100), Some(-3))];
    expect(&report, "no_api_key", Severity::Error, &["have expired or are disabled"]);
    expect(&report, "api_key_expired", Severity::Info, &["expired 3d ago", "api-key revoke"]);
    report.api_keys = vec![key("soon", Some(-1), Some(13))];
    expect(&report, "api_key_expires_soon", Severity::Warning, &["expires in 13d", "api-key create"]);
    report.api_keys = vec![key("idle", Some(-120), None)];
    expect(&report, "api_key_unused", Severity::Info, &["last used", "api-key revoke"]);
    report.api_keys = vec![key("never", None, None)];
    expect(&report, "api_key_unused", Severity::Info, &["and never used"]);
}

#[test]
fn disabled_tenants_and_keys_are_found() {
    let mut report = healthy();
    report.tenant.disabled_at = Some(now());
    expect(&report, "tenant_disabled", Severity::Error, &["2026-11-25", "tenant enable"]);
    report.api_keys[0].disabled_at = Some(now());
    expect(&report, "no_api_key", Severity::Error, &["expired or are disabled"]);
}

#[test]
fn clients_with_an_expired_key_are_found() {
    let mut report = healthy();
    report.api_keys.push(key("old", Some(-3), Some(-3)));
    let detail = RefusalDetail::new(Check::KeyUnexpired).key(Some(report.api_keys[1].id));
    refused(&mut report, 2, AuditType::ApiKeyRejected, ErrorCode::ApiKeyInvalid, &detail);
    expect(&report, "rejected_key_in_use", Severity::Error, &["2 requests", "the API key old"]);
}

#[test]
fn signing_keys_are_checked() {
    let mut report = healthy();
    report.signing_keys[0].signs_from = now().plus_millis(-366 * DAY);
    expect(&report, "signing_key_old", Severity::Warning, &["2025-11-24", "signing-key rotate"]);
    report.signing_keys[0].signs_from = now().plus_millis(-30 * DAY);
    report.signing_keys[0].rotates_at = Some(now().plus_millis(-DAY + 1));
    assert!(
        examine(&report, &Program::default(), now()).iter().all(|finding| !finding.name.starts_with("signing_key"))
    );
    report.signing_keys[0].rotates_at = Some(now().plus_millis(-DAY));
    expect(
        &report,
        "signing_key_overdue",
        Severity::Warning,
        &["2026-11-24", "rotation of signing keys", "signing-key rotate"],
    );
    report.signing_keys.clear();
    expect(&report, "no_signing_key", Severity::Error, &["signing-key rotate"]);
}

#[test]
fn settings_that_exclude_users_are_found() {
    use doorward_shared::config::{Attachment, AttestationPreference, ResidentKey};
    let mut report = healthy();
    let config = &mut report.tenant.config;
    config.webauthn.timeout = 5_000;
    config.webauthn.attachment = Some(Attachment::CrossPlatform);
    config.webauthn.user_verification = UserVerification::Discouraged;
    config.webauthn.resident_key_requirement = ResidentKey::Discouraged;
    config.webauthn.attestation_preference = AttestationPreference::Enterprise;
    let mfa = &mut config.mfa;
    mfa.timeout = Some(2_000);
    mfa.attachment = Some(Attachment::Platform);
    mfa.resident_key_requirement = ResidentKey::Required;
    for name in [
        "timeout_short",
        "attachment_excludes_devices",
        "verification_discouraged",
        "not_discoverable",
        "attestation_enterprise",
        "mfa_timeout_short",
        "mfa_attachment",
    ] {
        expect(&report, name, Severity::Warning, &["jq"]);
    }
    expect(&report, "mfa_discoverable", Severity::Info, &["jq"]);
}

#[test]
fn patterns_of_refusals_are_found() {
    let mut report = healthy();
    let detail = RefusalDetail::default();
    refused(&mut report, 1, LOGIN, ErrorCode::RpIdMismatch, &detail);
    refused(&mut report, 2, LOGIN, ErrorCode::CounterRegression, &detail);
    refused(&mut report, 5, LOGIN, ErrorCode::ChallengeUnknown, &detail);
    report.is_partial = true;
    expect(&report, "rp_id_mismatch", Severity::Error, &["1 request ", "--error-code rp_id_mismatch"]);
    expect(&report, "counter_regression", Severity::Warning, &["2 requests", "of 1 user"]);
    expect(&report, "challenge_unknown", Severity::Warning, &["5 requests"]);
    expect(&report, "refusals_partly_examined", Severity::Info, &["8"]);
}

#[test]
fn repeated_refusals_of_policies_and_levels_are_found() {
    for code in [
        ErrorCode::TrustPolicy,
        ErrorCode::AcrTooLow,
        ErrorCode::AcrUnreachable,
        ErrorCode::AlgorithmUnsupported,
        ErrorCode::TokenInvalid,
    ] {
        let mut report = healthy();
        refused(&mut report, 4, LOGIN, code, &RefusalDetail::default());
        assert_eq!(find(&report, code.as_str()), None, "{code}");
        refused(&mut report, 1, LOGIN, code, &RefusalDetail::default());
        expect(&report, code.as_str(), Severity::Warning, &["5 requests"]);
    }
}

#[test]
fn attestation_that_a_policy_needs_is_not_reported() {
    let mut report = healthy();
    report.tenant.config.webauthn.attestation_preference = AttestationPreference::Direct;
    assert!(find(&report, "attestation_requested").is_some());
    report.tenant.config.trust.passkeys.attestation_required = true;
    assert_eq!(find(&report, "attestation_requested"), None);
}

#[test]
fn wrong_secret_of_a_valid_key_is_not_reported_as_an_expired_key() {
    let mut report = healthy();
    report.api_keys = vec![key("backend", Some(-1), Some(100))];
    let wrong = RefusalDetail { key_id: Some(report.api_keys[0].id), ..RefusalDetail::new(Check::KeySecret) };
    refused(&mut report, 3, AuditType::ApiKeyRejected, ErrorCode::ApiKeyInvalid, &wrong);
    assert_eq!(find(&report, "rejected_key_in_use"), None);
}

#[test]
fn disabled_keys_need_no_successor() {
    let mut report = healthy();
    let disabled = SecretItem { disabled_at: Some(now()), ..key("old", Some(-1), Some(3)) };
    report.api_keys.push(disabled);
    assert_eq!(find(&report, "api_key_expires_soon"), None);
}

#[test]
fn longer_timeout_of_second_factors_is_not_shortened() {
    let mut report = healthy();
    report.tenant.config.webauthn.timeout = 60_000;
    report.tenant.config.mfa.timeout = Some(500_000);
    let challenge = StoredChallenge { ceremony: "login".into(), age_ms: 70_000, lifetime_ms: 60_000 };
    let late = RefusalDetail { challenge: Some(challenge), ..RefusalDetail::new(Check::ChallengeUnexpired) };
    refused(&mut report, 50, LOGIN, ErrorCode::ChallengeExpired, &late);
    let command = find(&report, "challenges_expire").unwrap().command.unwrap();
    assert!(command.contains(".webauthn.timeout = 90000") && !command.contains("mfa"), "{command}");
}

#[test]
fn cors_pattern_with_both_wildcards_is_understood() {
    let mut report = healthy();
    report.tenant.config.cors.allowed_origins = vec!["https://a?p.*.com".to_owned()];
    assert_eq!(find(&report, "cors_missing"), None);
}

#[test]
fn commands_name_the_profile_in_use() {
    let mut report = healthy();
    report.tenant.disabled_at = Some(now());
    report.tenant.config.webauthn.timeout = 5_000;
    report.api_keys[0].expires_at = Some(now());
    refused(&mut report, 5, LOGIN, ErrorCode::ChallengeUnknown, &RefusalDetail::default());
    let findings = examine(&report, &Program::with_profile(Some("prod-eu")), now());
    let commands: Vec<&str> = findings.iter().filter_map(|finding| finding.command.as_deref()).collect();
    assert!(commands.len() >= 4, "{commands:?}");
    for command in commands {
        assert_eq!(
            command.matches("doorward-admin").count(),
            command.matches("doorward-admin --profile prod-eu ").count()
        );
        check_command(command);
    }
    assert_eq!(Program::with_profile(Some("a'b c")).to_string(), r"doorward-admin --profile 'a'\''b c'");
}

#[test]
fn failing_job_is_found() {
    let mut report = healthy();
    assert_eq!(find(&report, "job_failing"), None);
    let job = JobVitals {
        job: "scheduled backup".to_owned(),
        runs: 3,
        failures: 2,
        failing: true,
        last_success: Some(now().plus_millis(-DAY)),
    };
    report.failing_jobs = vec![job.clone()];
    expect(&report, "job_failing", Severity::Warning, &["\"scheduled backup\" fails; it last succeeded 1d ago"]);
    report.failing_jobs = vec![JobVitals { last_success: None, ..job }];
    expect(&report, "job_failing", Severity::Warning, &["has not succeeded since the server started"]);
}
