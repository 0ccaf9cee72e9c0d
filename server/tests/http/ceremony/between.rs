//! What an administrator changes between the two steps.

use doorward_server::service::admin::{api_keys, tenants, users};
use doorward_shared::{
    ApiKeyId,
    config::{TenantConfig, UserVerification},
};
use doorward_testkit::{Person, TestServer, TestTenant, claims, server::config};

use crate::support::{Ceremony, setting};

async fn configure(server: &TestServer, tenant: &TestTenant, adjust: impl FnOnce(&mut TenantConfig)) {
    let mut config = config();
    adjust(&mut config);
    tenants::configure(&server.administrator(), tenant.id, config).await.unwrap();
}

#[tokio::test]
async fn the_origins_and_rp_id_of_the_first_step_count() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = setting().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        configure(&server, &tenant, |config| {
            config.webauthn.relying_party.id = "example.net".to_owned();
            config.webauthn.relying_party.origins = vec!["https://example.net".to_owned()];
        })
        .await;
        let answer = ceremony.finalize(&tenant, &body).await.expect(200);
        assert_eq!(claims(&answer)["aud"], serde_json::json!(["example.com"]));
    }
}

#[tokio::test]
async fn the_user_verification_of_the_first_step_counts() {
    let demand = |config: &mut TenantConfig, what| {
        config.webauthn.user_verification = what;
        config.mfa.as_mut().unwrap().user_verification = what;
    };
    let (lax, strict) = (UserVerification::Preferred, UserVerification::Required);
    for ceremony in Ceremony::ASSERTIONS {
        for (first, second, status) in [(lax, strict, 200), (strict, lax, 401)] {
            let (server, tenant) = setting().await;
            let mut person = ceremony.person(&tenant, "alice").await;
            configure(&server, &tenant, |config| demand(config, first)).await;
            person.authenticator = person.authenticator.user_verification(false);
            person.browser = person.browser.without_checks();
            let body = ceremony.begin(&tenant, &mut person).await;
            configure(&server, &tenant, |config| demand(config, second)).await;
            let answer = ceremony.finalize(&tenant, &body).await.expect(status);
            if status == 401 {
                let _ = ceremony.expect_audited_refusal(&tenant, &answer, 401, "user_verification_missing").await;
            }
        }
    }
}

#[tokio::test]
async fn a_longer_timeout_does_not_reach_back() {
    let (server, tenant) = setting().await;
    let mut person = Ceremony::Login.person(&tenant, "alice").await;
    let body = Ceremony::Login.begin(&tenant, &mut person).await;
    configure(&server, &tenant, |config| config.webauthn.timeout = 600_000).await;
    server.clock.advance_ms(60_000);
    let answer = Ceremony::Login.finalize(&tenant, &body).await;
    answer.expect_refusal(401, "challenge_expired");
}

#[tokio::test]
async fn a_deleted_credential_ends_nothing() {
    for ceremony in Ceremony::ASSERTIONS {
        let (_server, tenant) = setting().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let _ = tenant.http.delete(&format!("/credentials/{}", body["id"].as_str().unwrap())).await.expect(204);
        let answer = ceremony.finalize(&tenant, &body).await;
        assert_eq!(answer.field("title"), "failed to validate assertion");
        let _ = ceremony.expect_audited_refusal(&tenant, &answer, 401, "credential_not_allowed").await;
    }
}

#[tokio::test]
async fn a_renamed_credential_ends_its_ceremony() {
    let (_server, tenant) = setting().await;
    let mut person = Ceremony::MfaLogin.person(&tenant, "alice").await;
    let body = Ceremony::MfaLogin.begin(&tenant, &mut person).await;
    let path = format!("/credentials/{}", body["id"].as_str().unwrap());
    let _ = tenant.http.patch(&path, &serde_json::json!({ "name": "blue" })).await.expect(204);
    let _ = Ceremony::MfaLogin.finalize(&tenant, &body).await.expect(200);
}

#[tokio::test]
async fn a_deleted_user_ends_nothing() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = setting().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        users::delete(&server.administrator(), tenant.id, "alice").await.unwrap();
        let answer = ceremony.finalize(&tenant, &body).await;
        // The challenges went with the user.
        ceremony.expect_unknown(&tenant, &answer).await;
        // Nor is somebody else of the same name the same user.
        let _ = Person::new("alice").register(&tenant).await.expect(200);
        let answer = ceremony.finalize(&tenant, &body).await;
        ceremony.expect_unknown(&tenant, &answer).await;
    }
}

#[tokio::test]
async fn a_discoverable_login_of_a_deleted_user_is_refused_by_its_handle() {
    let (server, tenant) = setting().await;
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    let body = alice.login_assertion(&tenant, true).await;
    users::delete(&server.administrator(), tenant.id, "alice").await.unwrap();
    let answer = Ceremony::Login.finalize(&tenant, &body).await;
    assert_eq!(answer.field("title"), "failed to get user handle");
    let _ = Ceremony::Login.expect_audited_refusal(&tenant, &answer, 401, "user_not_found").await;
}

#[tokio::test]
async fn a_deleted_tenant_is_not_found() {
    for ceremony in Ceremony::ALL {
        let (server, tenant) = setting().await;
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        tenants::delete(&server.administrator(), tenant.id).await.unwrap();
        let answer = ceremony.finalize(&tenant, &body).await;
        answer.expect_error(404, "tenant_not_found", "tenant not found", "");
    }
}

#[tokio::test]
async fn a_revoked_key_ends_nothing_and_the_challenge_waits_for_a_good_one() {
    for ceremony in [Ceremony::MfaRegistration, Ceremony::MfaLogin, Ceremony::Transaction] {
        let (server, tenant) = setting().await;
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
