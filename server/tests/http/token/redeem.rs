//! `/{tenant_id}/token/redeem`.

use doorward_server::service::admin::signing_keys;
use doorward_shared::{
    Base64Url, SigningKeyId,
    admin::{CreateSigningKeyRequest, SigningAlgorithm},
    refusal::Check,
};
use doorward_testkit::{Person, Response, TestServer, TestTenant, claims};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant};

const FAILED: &str = "token_redeem_failed";

async fn redeem(tenant: &TestTenant, token: &str) -> Response {
    tenant.http.post("/token/redeem", &json!({ "token": token })).await
}

#[tokio::test]
async fn token_of_every_ceremony_is_redeemed_once() {
    let (server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, "alice").await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let finalized = ceremony.finalize(&tenant, &body).await.expect(200);
        let token = finalized.field("token");
        let redeemed = redeem(&tenant, &token).await.expect(200);
        let expected = claims(&finalized);
        assert_eq!(redeemed.json(), expected);
        let entry = tenant.entry_of(&redeemed).await;
        assert_eq!(
            (entry.kind().as_str(), entry.text("actor_user_id"), entry.text("credential_id")),
            ("token_redeemed", Some("alice".to_owned()), expected["cred"].as_str().map(str::to_owned))
        );
        assert_eq!(entry.text("transaction_id").as_deref(), expected["trans"].as_str());
        assert_eq!(entry.0["detail"], json!({ "jti": expected["jti"], "ceremony": expected["ceremony"] }));
        let again = redeem(&tenant, &token).await;
        let details = "the token was redeemed before; refuse what it was sent for";
        again.expect_error(409, "token_already_redeemed", "token already redeemed", details);
        let entry = tenant.expect_audited_refusal(&again, 409, "token_already_redeemed", FAILED).await;
        let detail = entry.detail();
        assert_eq!(
            (entry.text("actor_user_id"), detail.check, detail.received.as_deref()),
            (Some("alice".into()), Some(Check::TokenUnused), expected["jti"].as_str())
        );
        // The clock of another node may be behind. The job must therefore keep the id of the token for some time after
        // the token has expired.
        doorward_server::jobs::purge_expired(&server.app).await.unwrap();
        redeem(&tenant, &token).await.expect_refusal(409, "token_already_redeemed");
    }
}

#[tokio::test]
async fn expired_token_is_refused() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let token = alice.register(&tenant).await.expect(200).field("token");
    let in_time = alice.login(&tenant).await.expect(200).field("token");
    server.clock.advance_ms(299_999);
    let _ = redeem(&tenant, &in_time).await.expect(200);
    server.clock.advance_ms(1);
    let expired = redeem(&tenant, &token).await;
    let entry = tenant.expect_audited_refusal(&expired, 401, "token_expired", FAILED).await;
    assert_eq!(entry.detail().check, Some(Check::TokenUnexpired));
    assert_eq!(entry.text("actor_user_id"), Some("alice".into()));
    redeem(&tenant, &in_time).await.expect_refusal(401, "token_expired");
    // The id of a redeemed token is deleted ten minutes after the expiry of the token.
    assert_eq!(doorward_server::jobs::purge_expired(&server.app).await.unwrap(), 0);
    server.clock.advance_ms(600_001);
    assert_eq!(doorward_server::jobs::purge_expired(&server.app).await.unwrap(), 1);
    redeem(&tenant, &in_time).await.expect_refusal(401, "token_expired");
}

#[tokio::test]
async fn tokens_of_other_tenants_and_changed_tokens_are_refused() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let token = Person::new("alice").register(&tenant).await.expect(200).field("token");
    let elsewhere = redeem(&other, &token).await;
    let reason = "none of the tenant's published keys signed this text";
    elsewhere.expect_error(401, "token_invalid", "token is invalid", reason);
    let entry = other.expect_audited_refusal(&elsewhere, 401, "token_invalid", FAILED).await;
    assert_eq!((entry.text("actor_user_id"), entry.detail().check), (None, Some(Check::TokenSignature)));

    let parts: Vec<&str> = token.split('.').collect();
    let mut payload: Value = serde_json::from_slice(Base64Url::decode(parts[1]).unwrap().as_bytes()).unwrap();
    payload["sub"] = json!("mallory");
    let payload = Base64Url::encode(payload.to_string().as_bytes());
    let unsigned = Base64Url::encode(br#"{"alg":"none","typ":"JWT"}"#);
    for changed in [
        [parts[0], &payload, parts[2]].join("."),
        [&unsigned, parts[1], ""].join("."),
        "a.b.c".to_owned(),
        "x".repeat(200_000),
    ] {
        let response = redeem(&tenant, &changed).await;
        let _ = tenant.expect_audited_refusal(&response, 401, "token_invalid", FAILED).await;
    }
    for body in [json!({}), json!({ "token": "" }), json!({ "token": null }), json!({ "token": "a\n" })] {
        let response = tenant.http.post("/token/redeem", &body).await;
        let _ = tenant.expect_audited_refusal(&response, 400, "validation_failed", FAILED).await;
    }
    let response = tenant.http.post("/token/redeem", &json!({ "token": 5 })).await;
    let _ = tenant.expect_audited_refusal(&response, 400, "body_malformed", FAILED).await;
    let _ = redeem(&tenant, &token).await.expect(200);
}

#[tokio::test]
async fn token_of_another_installation_is_refused() {
    let server = TestServer::builder().settings(|settings| settings.issuer = "staging".to_owned()).start().await;
    let tenant = server.tenant().await;
    let token = Person::new("alice").register(&tenant).await.expect(200).field("token");
    let production = TestServer::builder()
        .data_dir(server.data_dir.clone())
        .database(server.database_url().to_owned())
        .clock(std::sync::Arc::clone(&server.clock))
        .start()
        .await;
    let elsewhere = redeem(&tenant.on(&production), &token).await;
    elsewhere.expect_error(401, "token_invalid", "token is invalid", "the token has another issuer");
}

#[tokio::test]
async fn tokens_are_redeemed_while_their_key_is_published() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    for &algorithm in SigningAlgorithm::ALL {
        let request = CreateSigningKeyRequest { algorithm: Some(algorithm) };
        let call = server.administrator();
        let made = signing_keys::create(&call, tenant.id, request, true).await.unwrap();
        let (first, second) = (alice.login(&tenant).await.field("token"), alice.login(&tenant).await.field("token"));
        // `force` is set, so the next key signs at once, and the key that signed `first` and `second` is retired.
        let next = CreateSigningKeyRequest { algorithm: None };
        let _ = signing_keys::create(&call, tenant.id, next, true).await.unwrap();
        let _ = redeem(&tenant, &first).await.expect(200);
        let _ = signing_keys::withdraw(&call, tenant.id, SigningKeyId::new(made.id)).await.unwrap();
        redeem(&tenant, &second).await.expect_refusal(401, "token_invalid");
    }
}

#[tokio::test]
async fn concurrent_redemptions_of_one_token_succeed_once() {
    let (_server, tenant) = server_with_tenant().await;
    let token = Person::new("alice").register(&tenant).await.expect(200).field("token");
    let responses = join_all((0..20).map(|_| redeem(&tenant, &token))).await;
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 1);
    responses
        .iter()
        .filter(|response| response.status != 200)
        .for_each(|response| response.expect_refusal(409, "token_already_redeemed"));
    assert_eq!(tenant.count("type=token_redeemed").await, 1);
    assert_eq!(tenant.count("type=token_redeem_failed").await, 19);
}
