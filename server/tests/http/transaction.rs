//! `/{tenant_id}/transaction`.

use doorward_shared::Base64Url;
use doorward_testkit::{Person, TestServer, claims};
use serde_json::json;

#[tokio::test]
async fn a_transaction_is_confirmed_once() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let data = json!({ "to": "Müller & Söhne", "amount": 12.5 });
    let confirmed = alice.transaction(&tenant, "order-1", &data).await.expect(200);
    assert_eq!(
        (&claims(&confirmed)["trans"], &claims(&confirmed)["ceremony"]),
        (&json!("order-1"), &json!("transaction"))
    );
    let row = tenant.row_of(&confirmed).await;
    assert_eq!(row.kind(), "webauthn_transaction_final_succeeded");
    assert_eq!(row.text("transaction_id").as_deref(), Some("order-1"));
    let again = json!({ "user_id": "alice", "transaction_id": "order-1", "transaction_data": data });
    let again = tenant.http.post("/transaction/initialize", &again).await;
    tenant.expect_refused(&again, 409, "transaction_exists", "webauthn_transaction_init_failed").await;
    assert_eq!(again.field("title"), "transaction already exists");
}

#[tokio::test]
async fn the_challenge_carries_the_hash_of_what_is_confirmed() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let request = json!({ "user_id": "alice", "transaction_id": "order-2", "transaction_data": { "b": 1, "a": [2] } });
    let options = tenant.http.post("/transaction/initialize", &request).await.expect(200).json();
    let listed = tenant.http.get("/transaction/alice").await.expect(200).json();
    let data = listed[0]["data"].as_str().unwrap();
    let challenge = Base64Url::decode(options["publicKey"]["challenge"].as_str().unwrap()).unwrap();
    assert_eq!(challenge.0.len(), 64);
    let hash = doorward_authenticator::sha256(format!("order-2{data}").as_bytes());
    assert_eq!(challenge.0[32..], hash[..]);
    assert!(options["publicKey"]["allowCredentials"][0].get("transports").is_none());
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let start = |user: &str, data: serde_json::Value| json!({ "user_id": user, "transaction_id": "t", "transaction_data": data });
    let unknown = tenant.http.post("/transaction/initialize", &start("nobody", json!(1))).await;
    unknown.expect_refusal(404, "user_not_found");
    assert_eq!(unknown.field("title"), "unable to find user");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let unsuited = tenant.http.post("/transaction/initialize", &start("alice", json!(1))).await;
    unsuited.expect_refusal(400, "no_suitable_credential");
    let empty = tenant.http.post("/transaction/initialize", &start("alice", json!(null))).await;
    empty.expect_refusal(400, "validation_failed");
    assert_eq!(empty.field("details"), "transaction_data is a required field");
    tenant.http.get("/transaction/nobody").await.expect_refusal(404, "user_not_found");
}
