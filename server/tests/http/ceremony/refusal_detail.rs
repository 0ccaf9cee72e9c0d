//! The audit entry of a refused ceremony contains the failed check, with the expected and the received value.

use doorward_authenticator::{AssertionParts, Authenticator, Counter, flags};
use doorward_shared::{config::UserVerification, refusal::Check};
use doorward_testkit::{ORIGIN, Person, RP_ID, TestTenant};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

type Corrupt = fn(&mut AssertionParts);

/// Finalizes a corrupted assertion and returns the detail of the audit entry.
async fn refused(
    ceremony: Ceremony,
    tenant: &TestTenant,
    person: &mut Person,
    corrupt: impl Fn(&mut AssertionParts),
) -> Value {
    let options = ceremony.start(tenant, person).await;
    let mut parts = person.browser.get_parts(&mut person.authenticator, &options).unwrap();
    corrupt(&mut parts);
    let response = ceremony.finalize(tenant, &parts.sign().unwrap().into_json()).await;
    tenant.entry_of(&response).await.0["detail"].clone()
}

fn values(detail: &Value) -> [Value; 3] {
    ["check", "expected", "received"].map(|name| detail[name].clone())
}

#[tokio::test]
async fn each_failed_check_records_what_it_compared() {
    let (_server, tenant) = server_with_tenant().await;
    let cases: [(Corrupt, [Value; 3]); 6] = [
        (
            |parts| parts.client_data.set("origin", "http://app.example.com"),
            [json!("origin"), json!([ORIGIN]), json!("http://app.example.com")],
        ),
        (
            |parts| parts.client_data.set("crossOrigin", true),
            [
                json!("top_level"),
                json!(["crossOrigin false, topOrigin absent"]),
                json!("crossOrigin true, topOrigin absent"),
            ],
        ),
        (
            |parts| parts.client_data.set("type", "webauthn.create"),
            [json!("client_data_type"), json!(["webauthn.get"]), json!("webauthn.create")],
        ),
        (
            |parts| parts.authenticator_data.flags &= !flags::UP,
            [json!("user_presence"), json!(["UP = 1"]), json!("UP = 0")],
        ),
        (
            |parts| parts.authenticator_data.flags |= flags::BS,
            [json!("backup_flags"), json!(["BE = 1, BS = 1", "BS = 0"]), json!("BE = 0, BS = 1")],
        ),
        (
            |parts| parts.authenticator_data.rp_id_hash = doorward_authenticator::sha256(b"app.example.com").to_vec(),
            [json!("rp_id"), json!([RP_ID]), json!("app.example.com")],
        ),
    ];
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        for (corrupt, expected) in &cases {
            let detail = refused(ceremony, &tenant, &mut person, corrupt).await;
            assert_eq!(values(&detail), *expected, "{ceremony:?}");
            assert_eq!(detail["challenge"]["lifetime_ms"], 60_000);
            assert_eq!(detail["authenticator"]["uv"], true);
            assert_eq!(detail["credential"], json!({ "sign_count": 0, "be": false, "is_mfa": false }));
        }
    }
}

#[tokio::test]
async fn hostile_origin_is_escaped_and_shortened() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Ceremony::MfaLogin.person(&tenant, "alice").await;
    let hostile = format!("\u{1b}]52;c;aGk=\u{7}\u{202e}\0{}", "x".repeat(10_000));
    let corrupt = |parts: &mut AssertionParts| parts.client_data.set("origin", hostile.clone());
    let detail = refused(Ceremony::MfaLogin, &tenant, &mut alice, corrupt).await;
    let received = detail["received"].as_str().unwrap();
    assert!(received.starts_with("\\u{1b}]52;c;aGk=\\u{7}\\u{202e}\\u{0}xxx") && received.ends_with("xxx…"));
    assert!(detail.to_string().len() <= 1_024, "{detail}");
}

#[tokio::test]
async fn missing_user_verification_is_recorded() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.mfa.user_verification = UserVerification::Required).await;
    let mut alice = Ceremony::MfaLogin.person(&tenant, "alice").await;
    let corrupt: Corrupt = |parts| parts.authenticator_data.flags &= !flags::UV;
    let detail = refused(Ceremony::MfaLogin, &tenant, &mut alice, corrupt).await;
    assert_eq!(values(&detail), [json!("user_verification"), json!(["UV = 1"]), json!("UV = 0")]);
}

#[tokio::test]
async fn counter_regression_records_both_counters() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::with("alice", Authenticator::new().counter(Counter::Increasing));
    let _ = alice.register(&tenant).await.expect(200);
    for count in [41, 40] {
        let corrupt = |parts: &mut AssertionParts| parts.authenticator_data.sign_count = count;
        let detail = refused(Ceremony::Login, &tenant, &mut alice, corrupt).await;
        if count == 40 {
            assert_eq!(values(&detail), [json!("signature_counter"), json!(["more than 41"]), json!("40")]);
            assert_eq!(
                (&detail["credential"]["sign_count"], &detail["authenticator"]["sign_count"]),
                (&json!(41), &json!(40))
            );
        }
    }
}

#[tokio::test]
async fn expiry_and_ceremony_of_the_challenge_are_recorded() {
    let (server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        server.clock.advance_ms(73_500);
        let detail = tenant.entry_of(&ceremony.finalize(&tenant, &body).await).await.detail();
        assert_eq!(detail.check, Some(Check::ChallengeUnexpired));
        assert_eq!(
            (detail.expected, detail.received.as_deref()),
            (vec!["less than 60000 ms".to_owned()], Some("73500 ms"))
        );
        let challenge = detail.challenge.unwrap();
        assert_eq!((challenge.age_ms, challenge.lifetime_ms), (73_500, 60_000));
        // The first finalize request deleted the challenge.
        let detail = tenant.entry_of(&ceremony.finalize(&tenant, &body).await).await.detail();
        assert_eq!((detail.check, detail.challenge), (Some(Check::ChallengeKnown), None));
    }
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    let body = Ceremony::MfaLogin.begin(&tenant, &mut alice).await;
    let detail = tenant.entry_of(&Ceremony::Login.finalize(&tenant, &body).await).await.detail();
    assert_eq!(detail.check, Some(Check::ChallengeCeremony));
    assert_eq!((detail.expected, detail.received.as_deref()), (vec!["login".to_owned()], Some("mfa_login")));
}

#[tokio::test]
async fn challenges_and_signatures_are_not_recorded() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    let options = Ceremony::Login.start(&tenant, &alice).await;
    let mut body = alice.get(&options);
    body["response"]["signature"] = doorward_authenticator::base64url(&[7; 70]).into();
    let response = Ceremony::Login.finalize(&tenant, &body).await;
    let entry = tenant.entry_of(&response).await.0.to_string();
    assert!(entry.contains("a signature by the ES256 key of the credential"), "{entry}");
    for secret in [&options["publicKey"]["challenge"], &body["response"]["signature"]] {
        assert!(!entry.contains(secret.as_str().unwrap()), "{entry}");
    }
}

#[tokio::test]
async fn rejected_keys_record_their_id_and_no_secret() {
    let (server, tenant) = server_with_tenant().await;
    let other = server.tenant().await;
    let id = |key: &str| uuid::Uuid::parse_str(&key[3..35]).unwrap();
    let mut wrong = tenant.api_key.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    for (key, check, key_id, received) in [
        (other.api_key.as_str(), Check::KeyKnown, Some(id(&other.api_key)), None),
        (&wrong, Check::KeySecret, Some(id(&wrong)), None),
        (
            "dw_nonsense",
            Check::KeyForm,
            None,
            Some("a value with the right prefix, but another length or other characters"),
        ),
        ("hunter2", Check::KeyForm, None, Some("a value without the right prefix")),
    ] {
        let response = tenant.with_key(key).get("/credentials").await;
        let entry = tenant.entry_of(&response).await;
        let detail = entry.detail();
        assert_eq!((detail.check, detail.key_id, detail.received.as_deref()), (Some(check), key_id, received));
        let secret = key.get(36..).unwrap_or(key);
        assert!(!entry.0.to_string().contains(secret), "{entry:?}");
    }
}
