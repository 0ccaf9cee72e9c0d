//! `/{tenant_id}/users`.

use doorward_authenticator::base64url;
use doorward_shared::admin::Role;
use doorward_testkit::{Person, RP_ID, TestServer, TestTenant, database};
use serde_json::{Value, json};

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
async fn internal_id_does_not_delete_the_user() {
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

/// Returns the ids of the user's credentials, newest first.
async fn credential_ids(tenant: &TestTenant, user: &str) -> Vec<String> {
    let list = tenant.http.get(&format!("/credentials?user_id={user}")).await.expect(200).json();
    list.as_array().unwrap().iter().map(|credential| credential["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn signals_contain_all_credentials_and_the_current_names() {
    let (server, tenant) = server_with_tenant().await;
    let mut person = Person::new("alice");
    let _ = person.register(&tenant).await.expect(200);
    let _ = Person::new("alice").register_mfa(&tenant).await.expect(200);
    let _ = Person::new("bob").register(&tenant).await.expect(200);
    let ids = credential_ids(&tenant, "alice").await;
    assert_eq!(ids.len(), 2);
    let user = json!({ "rpId": RP_ID, "userId": base64url(b"alice") });
    let with = |members: Value| {
        let mut entry = user.clone();
        entry.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!([entry])
    };
    let request = person.registration_request();
    let names = json!({ "name": request["username"], "displayName": request["username"] });
    let expected = |ids: &[String]| {
        json!({
            "all_accepted_credentials": with(json!({ "allAcceptedCredentialIds": ids })),
            "current_user_details": with(names.clone()),
        })
    };
    let signals = async || tenant.http.get("/users/alice/signals").await.expect(200).json();
    assert_eq!(signals().await, expected(&ids));

    // Disabled credentials and users can be enabled again, so authenticators must keep their passkeys.
    let admin = server.admin("root", Role::Admin).await;
    let users = admin.get(&format!("/tenants/{}/users?q=alice", tenant.id)).await.expect(200).json();
    let path = format!("/tenants/{}/users/{}", tenant.id, users[0]["id"].as_str().unwrap());
    let _ = admin.put(&format!("{path}/credentials/{}/disabled", ids[0]), &json!({})).await.expect(204);
    let _ = admin.put(&format!("{path}/disabled"), &json!({})).await.expect(204);
    assert_eq!(signals().await, expected(&ids));

    let _ = tenant.http.delete(&format!("/credentials/{}", ids[1])).await.expect(204);
    assert_eq!(signals().await, expected(&ids[..1]));
    let _ = tenant.http.delete(&format!("/credentials/{}", ids[0])).await.expect(204);
    assert_eq!(signals().await, expected(&[]));
}

#[tokio::test]
async fn signals_of_a_user_whose_id_is_a_uuid_contain_both_user_handles() {
    let (_server, tenant) = server_with_tenant().await;
    let id = "7f3a2c1e-0000-4000-8000-000000000001";
    let _ = Person::new(id).register(&tenant).await.expect(200);
    let signals = tenant.http.get(&format!("/users/{id}/signals")).await.expect(200).json();
    let handles = [base64url(id.as_bytes()), base64url(uuid::Uuid::parse_str(id).unwrap().as_bytes())];
    for list in ["all_accepted_credentials", "current_user_details"] {
        let found = signals[list].as_array().unwrap().iter().map(|entry| entry["userId"].clone());
        assert_eq!(found.collect::<Vec<_>>(), handles);
    }
    let ids = credential_ids(&tenant, id).await;
    assert_eq!(signals["all_accepted_credentials"][1]["allAcceptedCredentialIds"], json!(ids));
}

/// If the backend misspelt a user id and got an empty list, authenticators would delete the user's passkeys.
#[tokio::test]
async fn signals_of_unknown_and_deleted_users_return_404() {
    let (_server, tenant) = server_with_tenant().await;
    let mut person = Person::new("alice");
    let _ = person.register(&tenant).await.expect(200);
    let _ = tenant.http.delete("/users/alice").await.expect(204);
    for user in ["alice", "nobody", "a%00b"] {
        let response = tenant.http.get(&format!("/users/{user}/signals")).await;
        let _ = tenant.expect_audited_refusal(&response, 404, "user_not_found", "request_rejected").await;
    }
}
