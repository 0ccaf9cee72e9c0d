//! Requests with text that a database or a terminal cannot process.

use serde_json::json;

use crate::support::server_with_tenant;

#[tokio::test]
async fn nul_characters_are_rejected_in_every_text_field() {
    let (_server, tenant) = server_with_tenant().await;
    for body in [
        json!({ "user_id": "a\0b", "username": "alice" }),
        json!({ "user_id": "alice", "username": "a\0b" }),
        json!({ "user_id": "alice", "username": "alice", "display_name": "a\0b" }),
    ] {
        tenant.http.post("/registration/initialize", &body).await.expect_refusal(400, "validation_failed");
    }
    let login = json!({ "user_id": "a\0b" });
    tenant.http.post("/mfa/login/initialize", &login).await.expect_refusal(400, "validation_failed");
    tenant.http.get("/transaction/a%00b").await.expect_refusal(404, "user_not_found");
    tenant.http.get("/credentials?user_id=a%00b").await.expect_refusal(400, "query_invalid");
    tenant.http.get("/audit_logs?q=a%00b").await.expect_refusal(400, "query_invalid");
}
