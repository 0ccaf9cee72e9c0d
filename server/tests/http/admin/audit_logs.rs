//! `/audit_logs` and `/tenants/{tenant_id}/audit_logs`.

use doorward_server::{db::Connection, domain::RequestMeta, service::audit};
use doorward_shared::{AuditType, TenantId, admin::Role};
use doorward_testkit::{Http, Person, TestServer, TestTenant};
use serde_json::Value;

async fn entries(admin: &Http, path: &str) -> Vec<Value> {
    admin.get(path).await.expect(200).json().as_array().unwrap().clone()
}

/// A server with a tenant whose log has logins and refusals.
async fn setting() -> (TestServer, TestTenant, Http) {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let _ = alice.mfa_login(&tenant).await.expect(200);
    tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let admin = server.admin("ops", Role::Auditor).await;
    (server, tenant, admin)
}

#[tokio::test]
async fn outcomes_divide_a_log() {
    let (_server, tenant, admin) = setting().await;
    let base = format!("/tenants/{}/audit_logs?per_page=100", tenant.id);
    let all = entries(&admin, &base).await;
    let failed = entries(&admin, &format!("{base}&outcome=failed")).await;
    let succeeded = entries(&admin, &format!("{base}&outcome=succeeded")).await;
    assert_eq!((failed.len(), failed[0]["type"].as_str()), (1, Some("api_key_rejected")));
    assert_eq!(succeeded.len() + failed.len(), all.len());
    for (query, total) in [
        ("outcome=failed", "1"),
        ("outcome=failed&type=api_key_rejected,mfa_authentication_final_succeeded", "1"),
        ("outcome=succeeded&type=api_key_rejected,mfa_authentication_final_succeeded", "1"),
        ("outcome=succeeded&type=api_key_rejected", "0"),
    ] {
        let answer = admin.get(&format!("{base}&{query}")).await.expect(200);
        assert_eq!(answer.header("x-total-count"), Some(total), "{query}");
        assert_eq!(answer.json().as_array().unwrap().len().to_string(), total, "{query}");
    }
    admin.get(&format!("{base}&outcome=maybe")).await.expect_refusal(400, "query_invalid");
}

#[tokio::test]
async fn administrators_see_whose_log_an_entry_stands_in() {
    let (_server, tenant, admin) = setting().await;
    for entry in entries(&admin, "/audit_logs?per_page=100").await {
        let name = (entry["tenant_id"] != TenantId::INSTALLATION.to_string()).then_some("Example");
        assert_eq!(entry["tenant_name"].as_str(), name, "{entry}");
    }
    let newest = entries(&admin, &format!("/tenants/{}/audit_logs?per_page=1", tenant.id)).await;
    assert_eq!(newest[0]["tenant_name"], "Example");
    let id = newest[0]["id"].as_str().unwrap();
    let older = entries(&admin, &format!("/audit_logs?before={id}&per_page=1")).await;
    assert_eq!(older[0]["tenant_name"], "Example");
    // The tenant itself is not told.
    assert!(tenant.entries("").await.iter().all(|row| row.0.get("tenant_name").is_none()));
    let installation = format!("/tenants/{}/audit_logs", TenantId::INSTALLATION);
    assert!(entries(&admin, &installation).await.iter().all(|entry| entry["type"] == "admin_token_created"));
}

#[tokio::test]
async fn exports_tell_beforehand_how_much_they_are() {
    let (_server, tenant, admin) = setting().await;
    let base = format!("/tenants/{}/audit_logs", tenant.id);
    for (query, entries) in [("outcome=failed", 1), ("q=alice", 4), ("", 8)] {
        let lines = admin.get(&format!("{base}?format=ndjson&{query}")).await.expect(200);
        assert_eq!(lines.header("x-total-count"), Some(entries.to_string().as_str()), "{query}");
        assert_eq!(lines.text.lines().count(), entries, "{query}: {}", lines.text);
        let first: Value = serde_json::from_str(lines.text.lines().next().unwrap()).unwrap();
        assert_eq!(first["tenant_name"], "Example");
        let table = admin.get(&format!("{base}?format=csv&{query}")).await.expect(200);
        assert_eq!(table.text.lines().count(), entries + 1, "{query}: {}", table.text);
        assert!(table.text.lines().all(|line| line.ends_with(",tenant_name") || line.ends_with(",Example")));
    }
    let own = tenant.http.get("/audit_logs?format=csv").await.expect(200);
    assert!(own.text.lines().next().unwrap().ends_with(",tenant_id"), "{}", own.text);
}

/// Beside millions of entries that would take seconds.
#[tokio::test]
async fn what_a_text_finds_often_in_all_logs_is_not_counted() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Auditor).await;
    let (meta, now) = (RequestMeta::default(), server.app.clock.now());
    let entries: Vec<_> = (0..2_001)
        .map(|number| {
            let event = audit::event(&server.app, tenant.id, &meta, AuditType::ApiKeyRejected, now).unwrap();
            event.by(format!("person {number}"))
        })
        .collect();
    let write = move |connection: &mut Connection| entries.into_iter().try_for_each(|entry| entry.write(connection));
    server.app.db.write(write).await.unwrap();

    let counted = admin.get("/audit_logs?q=person%2020").await.expect(200);
    assert_eq!(counted.header("x-total-count"), Some("12"), "20, 200 to 209, 2000");
    for query in ["q=person", "actor_user_id=person&page=3", "q=person&outcome=failed"] {
        let page = admin.get(&format!("/audit_logs?per_page=50&{query}")).await.expect(200);
        assert_eq!((page.header("x-total-count"), page.json().as_array().unwrap().len()), (None, 50), "{query}");
        let link = page.header("link").unwrap();
        assert!(link.contains("rel=\"next\"") && !link.contains("rel=\"last\""), "{link}");
    }
    let last = admin.get("/audit_logs?per_page=100&page=21&q=person").await.expect(200);
    assert_eq!(last.header("x-total-count"), Some("2001"));
    let export = admin.get("/audit_logs?format=ndjson&q=person").await.expect(200);
    assert_eq!((export.header("x-total-count"), export.text.lines().count()), (None, 2_001));
    let own = admin.get(&format!("/tenants/{}/audit_logs?q=person", tenant.id)).await.expect(200);
    assert_eq!(own.header("x-total-count"), Some("2001"), "one log is counted");
}
