//! `/{tenant_id}/credentials`.

use doorward_testkit::{Person, TestServer};
use serde_json::json;

#[tokio::test]
async fn credentials_are_listed_renamed_and_deleted() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    server.clock.advance_ms(10);
    let mut bob = Person::new("bob");
    let _ = bob.register_mfa(&tenant).await.expect(200);
    let listed = tenant.http.get("/credentials?per_page=1").await.expect(200);
    assert_eq!(listed.header("x-total-count"), Some("2"));
    assert!(listed.header("link").unwrap().contains("rel=\"next\""));
    assert_eq!((&listed.json()[0]["user_id"], &listed.json()[0]["is_mfa"]), (&json!("bob"), &json!(true)));
    let of_alice = tenant.http.get("/credentials?user_id=alice").await.expect(200).json();
    assert_eq!(of_alice.as_array().unwrap().len(), 1);
    let one = &of_alice[0];
    for name in [
        "id",
        "name",
        "public_key",
        "attestation_type",
        "aaguid",
        "created_at",
        "transports",
        "backup_eligible",
        "backup_state",
        "is_mfa",
        "user_id",
    ] {
        assert!(one.get(name).is_some(), "{name}: {one}");
    }
    assert!(one.get("last_used_at").is_none());
    let path = format!("/credentials/{}", one["id"].as_str().unwrap());
    let renamed = tenant.http.patch(&path, &json!({ "name": "Phone" })).await.expect(204);
    assert_eq!(tenant.row_of(&renamed).await.kind(), "webauthn_credential_updated");
    assert_eq!(tenant.http.get(&path).await.expect(200).json()["name"], "Phone");
    let unnamed = tenant.http.patch(&path, &json!({})).await;
    unnamed.expect_refusal(400, "validation_failed");
    assert_eq!(unnamed.field("details"), "name is a required field");
    let _ = alice.login(&tenant).await.expect(200);
    assert!(tenant.http.get(&path).await.expect(200).json()["last_used_at"].is_string());
    let deleted = tenant.http.delete(&path).await.expect(204);
    let row = tenant.row_of(&deleted).await;
    assert_eq!((row.kind(), row.text("actor_user_id")), ("webauthn_credential_deleted".into(), Some("alice".into())));
    tenant.http.get(&path).await.expect_refusal(404, "credential_not_found");
    tenant.http.delete(&path).await.expect_refusal(404, "credential_not_found");
    tenant.http.get("/credentials?page=0").await.expect_refusal(400, "query_invalid");
}
