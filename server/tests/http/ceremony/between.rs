//! Changes that an administrator makes between the initialize and the finalize request of a ceremony.

use doorward_server::{
    domain::UserSelector,
    service::admin::{Precondition, api_keys, tenants, users},
};
use doorward_shared::{
    ApiKeyId, CoseAlgorithm,
    admin::UserIdKind,
    config::{TenantConfig, UserVerification},
};
use doorward_testkit::{Person, TestServer, TestTenant, claims, server::config};
use serde_json::json;

use crate::support::{Ceremony, server_with_tenant};

async fn configure(server: &TestServer, tenant: &TestTenant, adjust: impl FnOnce(&mut TenantConfig)) {
    let mut config = config();
    adjust(&mut config);
    tenants::configure(&server.administrator(), tenant.id, Precondition::None, config).await.unwrap();
}

#[tokio::test]
async fn origins_and_rp_id_of_the_first_step_apply() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = server_with_tenant().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        configure(&server, &tenant, |config| {
            config.webauthn.relying_party.id = "example.net".to_owned();
            config.webauthn.relying_party.origins = vec!["https://example.net".to_owned()];
        })
        .await;
        let response = ceremony.finalize(&tenant, &body).await.expect(200);
        assert_eq!(claims(&response)["aud"], json!(["example.com"]));
    }
}

#[tokio::test]
async fn user_verification_of_the_first_step_applies() {
    let demand = |config: &mut TenantConfig, what| {
        config.webauthn.user_verification = what;
        config.mfa.user_verification = what;
    };
    let (lax, strict) = (UserVerification::Preferred, UserVerification::Required);
    for ceremony in Ceremony::ASSERTIONS {
        for (first, second, status) in [(lax, strict, 200), (strict, lax, 401)] {
            let (server, tenant) = server_with_tenant().await;
            let mut person = ceremony.person(&tenant, "alice").await;
            configure(&server, &tenant, |config| demand(config, first)).await;
            person.authenticator = person.authenticator.user_verification(false);
            person.browser = person.browser.without_checks();
            let body = ceremony.begin(&tenant, &mut person).await;
            configure(&server, &tenant, |config| demand(config, second)).await;
            let response = ceremony.finalize(&tenant, &body).await.expect(status);
            if status == 401 {
                let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "user_verification_missing").await;
            }
        }
    }
}

#[tokio::test]
async fn longer_timeout_does_not_extend_existing_challenges() {
    let (server, tenant) = server_with_tenant().await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    let body = Ceremony::Login.begin(&tenant, &mut person).await;
    configure(&server, &tenant, |config| config.webauthn.timeout = 600_000).await;
    server.clock.advance_ms(60_000);
    let response = Ceremony::Login.finalize(&tenant, &body).await;
    response.expect_refusal(401, "challenge_expired");
}

#[tokio::test]
async fn deleted_credential_is_rejected() {
    for ceremony in Ceremony::ASSERTIONS {
        let (_server, tenant) = server_with_tenant().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let _ = tenant.http.delete(&format!("/credentials/{}", body["id"].as_str().unwrap())).await.expect(204);
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "failed to validate assertion");
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "credential_unknown").await;
    }
}

#[tokio::test]
async fn renamed_credential_is_accepted() {
    let (_server, tenant) = server_with_tenant().await;
    let mut person = Ceremony::MfaLogin.person(&tenant, "alice").await;
    let body = Ceremony::MfaLogin.begin(&tenant, &mut person).await;
    let path = format!("/credentials/{}", body["id"].as_str().unwrap());
    let _ = tenant.http.patch(&path, &json!({ "name": "blue" })).await.expect(204);
    let _ = Ceremony::MfaLogin.finalize(&tenant, &body).await.expect(200);
}

#[tokio::test]
async fn challenges_of_a_deleted_user_are_unknown() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = server_with_tenant().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        users::delete(&server.administrator(), tenant.id, selector()).await.unwrap();
        let response = ceremony.finalize(&tenant, &body).await;
        // The challenges of a deleted user are deleted as well, so this challenge is unknown.
        ceremony.expect_unknown(&tenant, &response).await;
        // A new user with the same name is a different user.
        let _ = Person::new("alice").register(&tenant).await.expect(200);
        let response = ceremony.finalize(&tenant, &body).await;
        ceremony.expect_unknown(&tenant, &response).await;
    }
}

#[tokio::test]
async fn discoverable_login_of_a_deleted_user_is_rejected_by_user_handle() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    let body = alice.login_assertion(&tenant, true).await;
    users::delete(&server.administrator(), tenant.id, selector()).await.unwrap();
    let response = Ceremony::Login.finalize(&tenant, &body).await;
    assert_eq!(response.field("title"), "failed to get user handle");
    let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "credential_unknown").await;
}

#[tokio::test]
async fn finalize_for_a_deleted_tenant_returns_404() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = server_with_tenant().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        tenants::delete(&server.administrator(), tenant.id, Precondition::None, false).await.unwrap();
        let response = ceremony.finalize(&tenant, &body).await;
        response.expect_error(404, "tenant_not_found", "tenant not found", "");
    }
}

#[tokio::test]
async fn revoked_key_is_rejected_without_consuming_the_challenge() {
    for ceremony in [Ceremony::MfaRegistration, Ceremony::MfaLogin, Ceremony::Transaction] {
        let (server, tenant) = server_with_tenant().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let keys = api_keys::list(&server.administrator(), tenant.id).await.unwrap();
        let next = server.api_key(tenant.id, None).await;
        api_keys::revoke(&server.administrator(), tenant.id, ApiKeyId::new(keys[0].id)).await.unwrap();
        let refused = ceremony.finalize(&tenant, &body).await;
        refused.expect_error(401, "api_key_invalid", "The api key is invalid", "");
        let tenant = TestTenant { http: tenant.with_key(&next.secret), ..tenant };
        let _ = tenant.expect_audited_refusal(&refused, 401, "api_key_invalid", "api_key_rejected").await;
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

fn selector() -> UserSelector {
    UserSelector { id: "alice".to_owned(), by: Some(UserIdKind::UserId) }
}

/// A pending registration keeps the algorithms that were configured when it began. Existing credentials keep working.
#[tokio::test]
async fn changed_algorithms_apply_only_to_new_registrations() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let mut bob = Person::new("bob");
    let pending = Ceremony::Registration.begin(&tenant, &mut bob).await;
    configure(&server, &tenant, |config| config.webauthn.algorithms = vec![CoseAlgorithm::EdDsa]).await;
    let options = tenant.http.post("/registration/initialize", &bob.registration_request()).await.expect(200).json();
    assert_eq!(options["publicKey"]["pubKeyCredParams"], json!([{ "type": "public-key", "alg": -8 }]));
    let _ = Ceremony::Registration.finalize(&tenant, &pending).await.expect(200);
    let _ = alice.login(&tenant).await.expect(200);
}
