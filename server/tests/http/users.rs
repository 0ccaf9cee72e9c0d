//! `/{tenant_id}/users`.

use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, database};
use serde_json::json;

use crate::support::server_with_tenant;

#[tokio::test]
async fn deleted_user_leaves_only_audit_entries() {
    let (server, tenant) = server_with_tenant().await;
    let other = server.tenant().await;
    let mut person = Person::new("alice");
    let _ = person.register(&tenant).await.expect(200);
    let mut key = Person::new("alice");
    let _ = key.register_mfa(&tenant).await.expect(200);
    let _ = person.transaction(&tenant, "payment", &json!({ "amount": 1 })).await.expect(200);
    let begun = key.mfa_assertion(&tenant).await;
    let mut namesake = Person::new("alice");
    let _ = namesake.register(&other).await.expect(200);

    let deleted = tenant.http.delete("/users/alice").await.expect(204);
    let entry = tenant.entry_of(&deleted).await;
    assert_eq!((entry.kind(), entry.text("actor_user_id")), ("webauthn_user_deleted".into(), Some("alice".into())));
    assert_eq!(tenant.http.get("/credentials?user_id=alice").await.expect(200).json(), json!([]));
    tenant.http.get("/transaction/alice").await.expect_refusal(404, "user_not_found");
    tenant.http.post("/mfa/login/finalize", &begun).await.expect_refusal(401, "challenge_unknown");
    assert_eq!(database::faults(server.database_url()).await, [""; 0]);
    let _ = namesake.login(&other).await.expect(200);

    let again = tenant.http.delete("/users/alice").await;
    again.expect_refusal(404, "user_not_found");
    let entry = tenant.entry_of(&again).await;
    assert_eq!(
        (entry.kind(), entry.text("actor_user_id")),
        ("webauthn_user_delete_failed".into(), Some("alice".into()))
    );
    let invalid = tenant.http.delete("/users/a%00b").await;
    invalid.expect_refusal(404, "user_not_found");
    assert_eq!(tenant.entry_of(&invalid).await.text("actor_user_id"), Some("a\u{fffd}b".into()));
    let mut returned = Person::new("alice");
    let _ = returned.register(&tenant).await.expect(200);
}

#[tokio::test]
async fn internal_id_of_a_user_does_not_delete_it() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut person = Person::new("alice");
    let _ = person.register(&tenant).await.expect(200);
    let admin = server.admin("root", Role::Admin).await;
    let users = admin.get(&format!("/tenants/{}/users", tenant.id)).await.expect(200).json();
    let internal = users[0]["id"].as_str().unwrap();
    tenant.http.delete(&format!("/users/{internal}")).await.expect_refusal(404, "user_not_found");
    let _ = person.login(&tenant).await.expect(200);
}
