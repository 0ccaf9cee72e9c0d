//! `min_acr` of the initialize requests of logins and transactions.

use doorward_shared::{
    config::{AcrNames, TenantConfig, UserVerification},
    refusal::Check,
};
use doorward_testkit::{Person, Response, TestServer, TestTenant, claims};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

fn prefer_verification(config: &mut TenantConfig) {
    config.webauthn.user_verification = UserVerification::Preferred;
}

async fn initialize(ceremony: Ceremony, tenant: &TestTenant, person: &Person, min_acr: &str) -> Response {
    let mut request = ceremony.request(person);
    request["min_acr"] = json!(min_acr);
    tenant.http.post(&format!("{}/initialize", ceremony.path()), &request).await
}

/// Changes the options so that the authenticator does not verify the user.
fn without_verification(mut options: Value) -> Value {
    options["publicKey"]["userVerification"] = json!("discouraged");
    options
}

#[tokio::test]
async fn lower_level_is_refused_and_consumes_the_challenge() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(prefer_verification).await;
    for ceremony in [Ceremony::Login, Ceremony::Transaction] {
        let mut person = ceremony.person(&tenant, "alice").await;
        let options = initialize(ceremony, &tenant, &person, "aal2").await.expect(200).json();
        assert_eq!(options["publicKey"]["userVerification"], "required");
        let body = person.get(&without_verification(options));
        let response = ceremony.finalize(&tenant, &body).await;
        let details = "min_acr is aal2, but the authentication reached only aal1";
        response.expect_error(401, "acr_too_low", "failed to validate assertion", details);
        let entry = ceremony.expect_audited_refusal(&tenant, &response, 401, "acr_too_low").await;
        let detail = entry.detail();
        assert_eq!((detail.check, detail.received.as_deref()), (Some(Check::Acr), Some("aal1")));
        assert_eq!(detail.expected, ["aal2", "aal3"]);
        ceremony.finalize(&tenant, &body).await.expect_refusal(401, "challenge_unknown");

        let options = initialize(ceremony, &tenant, &person, "aal2").await.expect(200).json();
        let token = ceremony.finalize(&tenant, &person.get(&options)).await.expect(200);
        assert_eq!((&claims(&token)["acr"], &claims(&token)["uv"]), (&json!("aal2"), &json!(true)));
        // Without `min_acr`, the tenant's setting for user verification applies.
        let options = ceremony.start(&tenant, &person).await;
        assert_eq!(options["publicKey"]["userVerification"], "preferred");
        let token = ceremony.finalize(&tenant, &person.get(&without_verification(options))).await.expect(200);
        assert_eq!(claims(&token)["acr"], "aal1");
    }
}

#[tokio::test]
async fn second_factor_without_user_verification_has_the_lowest_level() {
    let (_server, tenant) = server_with_tenant().await;
    let mut key = Person::new("alice");
    let _ = key.register_mfa(&tenant).await.expect(200);
    let options = initialize(Ceremony::MfaLogin, &tenant, &key, "aal1").await.expect(200).json();
    assert_eq!(options["publicKey"]["userVerification"], "preferred");
    let body = key.get(&without_verification(options));
    let token = Ceremony::MfaLogin.finalize(&tenant, &body).await.expect(200);
    assert_eq!((&claims(&token)["acr"], &claims(&token)["uv"]), (&json!("aal1"), &json!(false)));

    let options = initialize(Ceremony::MfaLogin, &tenant, &key, "aal2").await.expect(200).json();
    assert_eq!(options["publicKey"]["userVerification"], "required");
    let body = key.get(&without_verification(options));
    Ceremony::MfaLogin.finalize(&tenant, &body).await.expect_refusal(401, "acr_too_low");
}

#[tokio::test]
async fn level_that_no_credential_reaches_is_refused_at_once() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let person = ceremony.person(&tenant, "alice").await;
        let response = initialize(ceremony, &tenant, &person, "aal3").await;
        let details = "min_acr is aal3, but the user's credentials reach at most aal2";
        response.expect_error(400, "acr_unreachable", "user has no suitable credentials for this operation", details);
        let kind = ceremony.event("init_failed");
        let detail = tenant.expect_audited_refusal(&response, 400, "acr_unreachable", &kind).await.detail();
        assert_eq!((detail.check, detail.received.as_deref()), (Some(Check::CredentialAcr), Some("aal2")));
        assert_eq!(detail.expected, ["aal3"]);
    }
}

#[tokio::test]
async fn discoverable_login_with_min_acr_requires_the_api_key() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(prefer_verification).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let body = json!({ "min_acr": "aal2" });
    let missing = tenant.anonymous.post("/login/initialize", &body).await;
    let details = "min_acr needs the tenant's API key";
    missing.expect_error(400, "api_key_missing", "unable to validate request", details);
    let _ = tenant.expect_audited_refusal(&missing, 400, "api_key_missing", "api_key_rejected").await;
    let wrong = tenant.with_key("dw_nonsense").post("/login/initialize", &body).await;
    wrong.expect_error(401, "api_key_invalid", "The api key is invalid", "");

    let options = tenant.http.post("/login/initialize", &body).await.expect(200).json();
    assert_eq!(options["publicKey"]["userVerification"], "required");
    assert_eq!(options["publicKey"]["allowCredentials"], Value::Null);
    // A page finalizes the login without an API key.
    let finalize = async |body: &Value| tenant.anonymous.post("/login/finalize", body).await;
    finalize(&alice.get(&without_verification(options))).await.expect_refusal(401, "acr_too_low");
    let options = tenant.http.post("/login/initialize", &body).await.expect(200).json();
    assert_eq!(claims(&finalize(&alice.get(&options)).await.expect(200))["acr"], "aal2");
    let options = tenant.http.post("/login/initialize", &json!({ "min_acr": "aal3" })).await.expect(200).json();
    finalize(&alice.get(&options)).await.expect_refusal(401, "acr_too_low");
    // Null is the same as an absent member.
    let _ = tenant.anonymous.post("/login/initialize", &json!({ "min_acr": null })).await.expect(200);
}

#[tokio::test]
async fn names_of_the_tenant_replace_the_default_ones() {
    let server = TestServer::start().await;
    let names = |config: &mut TenantConfig| {
        config.acr = AcrNames { aal2: "urn:example:strong".to_owned(), ..AcrNames::default() };
    };
    let tenant = server.tenant_with(names).await;
    let mut alice = Person::new("alice");
    assert_eq!(claims(&alice.register(&tenant).await.expect(200))["acr"], "aal1");
    for ceremony in Ceremony::ASSERTIONS {
        for min_acr in ["aal2", "", "AAL1", "x,y"] {
            let response = initialize(ceremony, &tenant, &alice, min_acr).await;
            let details = "min_acr must be one of aal1, urn:example:strong, aal3";
            response.expect_error(400, "validation_failed", "unable to validate request", details);
            let kind = ceremony.event("init_failed");
            let _ = tenant.expect_audited_refusal(&response, 400, "validation_failed", &kind).await;
        }
        let options = initialize(ceremony, &tenant, &alice, "urn:example:strong").await.expect(200).json();
        let token = ceremony.finalize(&tenant, &alice.get(&options)).await.expect(200);
        assert_eq!(claims(&token)["acr"], "urn:example:strong");
    }
}

#[tokio::test]
async fn level_is_stored_with_the_challenge() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(prefer_verification).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let options = initialize(Ceremony::Login, &tenant, &alice, "aal2").await.expect(200).json();
    let body = alice.get(&without_verification(options));
    // The second node does not have the ceremony in its cache.
    let second = server.second_node().await;
    Ceremony::Login.finalize(&tenant.on(&second), &body).await.expect_refusal(401, "acr_too_low");
}
