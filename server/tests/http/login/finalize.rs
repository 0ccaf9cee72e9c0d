//! Finalize requests of logins, and of assertions in general.

use doorward_authenticator::{Authenticator, Client, Key, flags};
use doorward_shared::config::UserVerification;
use doorward_testkit::{Person, claims};
use serde_json::json;

use crate::support::{Ceremony, server_with_tenant};

#[tokio::test]
async fn login_returns_a_token_and_updates_last_use() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    for discoverable in [true, false] {
        server.clock.advance_ms(1_000);
        let body = alice.login_assertion(&tenant, discoverable).await;
        let response = tenant.anonymous.post("/login/finalize", &body).await.expect(200);
        assert_eq!(response.member_names(), ["token"]);
        assert_eq!(
            (claims(&response)["sub"].as_str(), claims(&response)["ceremony"].as_str()),
            (Some("alice"), Some("login"))
        );
        let entry = tenant.entry_of(&response).await;
        assert_eq!(entry.kind(), "webauthn_authentication_final_succeeded");
        assert_eq!(entry.text("actor_user_id").as_deref(), Some("alice"));
        assert_eq!(entry.text("credential_id").as_deref(), body["id"].as_str());
        let stored = tenant.http.get("/credentials").await.expect(200).json();
        assert_eq!(stored[0]["last_used_at"], json!(entry.text("created_at")));
    }
}

#[tokio::test]
async fn second_factor_is_rejected_for_logins_and_transactions() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in [Ceremony::Login, Ceremony::Transaction] {
        let mut alice = ceremony.person(&tenant, ceremony.path()).await;
        let mut key = Person::with(&alice.user_id, Authenticator::new());
        let _ = key.register_mfa(&tenant).await.expect(200);
        // The credential belongs to the same user, but is not in the list of allowed credentials.
        let mut options = ceremony.start(&tenant, &alice).await;
        options["publicKey"]["allowCredentials"][0]["id"] = id_of(&key);
        let body = key.get(&options);
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "credential_not_allowed").await;
        let _ = ceremony.begin(&tenant, &mut alice).await;
    }
    // A discoverable login has no list of allowed credentials, but the server refuses an MFA credential there as well.
    let mut carol = Person::new("carol");
    let _ = carol.register_mfa(&tenant).await.expect(200);
    carol.authenticator.credentials_mut()[0].discoverable = true;
    let body = carol.login_assertion(&tenant, true).await;
    let response = Ceremony::Login.finalize(&tenant, &body).await;
    let entry = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "credential_not_allowed").await;
    assert_eq!(entry.text("actor_user_id").as_deref(), Some("carol"));
}

fn id_of(person: &Person) -> serde_json::Value {
    doorward_authenticator::base64url(&person.authenticator.credentials()[0].id).into()
}

#[tokio::test]
async fn each_fault_in_an_assertion_has_its_own_code() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        for (code, corrupt) in FAULTS {
            let options = ceremony.start(&tenant, &person).await;
            let mut parts = person.browser.get_parts(&mut person.authenticator, &options).unwrap();
            corrupt(&mut parts);
            let body = parts.sign().unwrap().into_json();
            let response = ceremony.finalize(&tenant, &body).await;
            assert_eq!(response.field("title"), "failed to validate assertion", "{code}");
            let entry = ceremony.expect_audited_refusal(&tenant, &response, 401, code).await;
            assert_eq!(entry.text("error"), Some(response.field("details")));
        }
    }
}

type Corrupt = fn(&mut doorward_authenticator::AssertionParts);

const FAULTS: [(&str, Corrupt); 7] = [
    ("origin_mismatch", |parts| parts.client_data.set("origin", "https://evil.example.com")),
    ("cross_origin", |parts| parts.client_data.set("crossOrigin", true)),
    ("client_data_type_mismatch", |parts| parts.client_data.set("type", "webauthn.create")),
    ("rp_id_mismatch", |parts| parts.authenticator_data.rp_id_hash[0] ^= 1),
    ("user_presence_missing", |parts| parts.authenticator_data.flags &= !flags::UP),
    ("backup_state_invalid", |parts| parts.authenticator_data.flags |= flags::BS),
    ("signature_invalid", |parts| {
        parts.key = Key::generate(doorward_authenticator::Algorithm::Es256).unwrap().into();
    }),
];

#[tokio::test]
async fn missing_required_user_verification_returns_401() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.mfa.user_verification = UserVerification::Required).await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        person.authenticator = person.authenticator.user_verification(false);
        person.browser = Client::new(doorward_testkit::ORIGIN).without_checks();
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "failed to validate assertion");
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "user_verification_missing").await;
    }
}

#[tokio::test]
async fn preferred_user_verification_may_be_absent_in_later_ceremonies() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.webauthn.user_verification = UserVerification::Preferred).await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        for (able, methods) in [(true, json!(["pop", "user", "mfa"])), (false, json!(["pop", "user"]))] {
            person.authenticator = person.authenticator.clone().user_verification(able);
            let body = ceremony.begin(&tenant, &mut person).await;
            let claims = claims(&ceremony.finalize(&tenant, &body).await.expect(200));
            assert_eq!((&claims["uv"], &claims["amr"]), (&json!(able), &methods));
        }
    }
}
