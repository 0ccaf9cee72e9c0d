//! `/admin_tokens`.

use doorward_shared::{Timestamp, admin::Role};
use doorward_testkit::{Http, TestServer};
use serde_json::{Value, json};

async fn create(admin: &Http, name: &str, role: &str, expires_at: Option<Timestamp>) -> Value {
    let body = json!({ "name": name, "role": role, "expires_at": expires_at });
    admin.post("/admin_tokens", &body).await.expect(201).json()
}

fn path(token: &Value) -> String {
    format!("/admin_tokens/{}", token["id"].as_str().unwrap())
}

async fn own(admin: &Http) -> Value {
    admin.get("/admin_tokens").await.expect(200).json()[0].clone()
}

#[tokio::test]
async fn last_administrator_is_revoked_only_with_force() {
    let server = TestServer::start().await;
    let admin = server.admin("root", Role::Admin).await;
    let own = own(&admin).await;
    let auditor = create(&admin, "eve", "auditor", None).await;
    let expiring = create(&admin, "temp", "admin", Some(server.app.clock.now().plus_millis(1_000))).await;
    server.clock.advance_ms(1_000);
    let refused = admin.delete(&path(&own)).await;
    refused.expect_refusal(409, "last_admin_token");
    let _ = admin.get("/me").await.expect(200);
    // Tokens with roles other than admin can always be revoked.
    let _ = admin.delete(&path(&auditor)).await.expect(204);
    let _ = admin.delete(&path(&expiring)).await.expect(204);
    admin.delete(&format!("{}?force=yes", path(&own))).await.expect_refusal(400, "query_invalid");
    let _ = admin.delete(&format!("{}?force=true", path(&own))).await.expect(204);
    admin.get("/me").await.expect_refusal(401, "admin_token_invalid");
}

#[tokio::test]
async fn concurrent_requests_do_not_revoke_both_administrators() {
    for _ in 0..5 {
        let server = TestServer::start().await;
        let admin = server.admin("first", Role::Admin).await;
        let first = path(&own(&admin).await);
        let second = path(&create(&admin, "second", "admin", None).await);
        let (one, other) = tokio::join!(admin.delete(&first), admin.delete(&second));
        let statuses = [one.status, other.status];
        assert!(statuses.contains(&204) && statuses != [204, 204], "{statuses:?}");
    }
}

#[tokio::test]
async fn new_tokens_expire_within_the_maximum_lifetime() {
    const DAY_MS: i64 = 86_400_000;
    let server = TestServer::builder().settings(|settings| settings.admin_token_days = Some(30)).start().await;
    let latest = server.app.clock.now().plus_millis(30 * DAY_MS);
    let admin = server.admin("root", Role::Admin).await;
    for expires_at in [None, Some(latest.plus_millis(1))] {
        let body = json!({ "name": "long", "role": "auditor", "expires_at": expires_at });
        let refused = admin.post("/admin_tokens", &body).await;
        refused.expect_refusal(400, "validation_failed");
        let details = refused.field("details");
        assert!(details.contains("limits.admin_token_lifetime") && details.contains("30 days"), "{details}");
    }
    let made = create(&admin, "short", "auditor", Some(latest)).await;
    assert_eq!(made["expires_at"], json!(latest));
}

#[tokio::test]
async fn names_of_commands_are_reserved() {
    let server = TestServer::start().await;
    let admin = server.admin("root", Role::Admin).await;
    for name in ["cli:root", "CLI:0 (root)", " cli:root"] {
        let refused = admin.post("/admin_tokens", &json!({ "name": name, "role": "admin" })).await;
        refused.expect_refusal(400, "validation_failed");
        assert_eq!(refused.field("details"), "name must not begin with cli:");
    }
    let _ = create(&admin, "client: a", "admin", None).await;
}
