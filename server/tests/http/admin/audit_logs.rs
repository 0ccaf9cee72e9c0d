//! `/audit_logs` and `/tenants/{tenant_id}/audit_logs`.

use doorward_server::{
    db::Connection,
    domain::{RequestMeta, audit::EXAMINED},
    service::audit,
};
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
    tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
    let admin = server.admin("ops", Role::Auditor).await;
    (server, tenant, admin)
}

#[tokio::test]
async fn every_entry_has_one_outcome() {
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
async fn administrators_see_the_tenant_of_an_entry() {
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
    // The public API does not return the tenant's name.
    assert!(tenant.entries("").await.iter().all(|row| row.0.get("tenant_name").is_none()));
    let installation = format!("/tenants/{}/audit_logs", TenantId::INSTALLATION);
    assert!(entries(&admin, &installation).await.iter().all(|entry| entry["type"] == "admin_token_created"));
}

#[tokio::test]
async fn exports_begin_with_their_total() {
    let (_server, tenant, admin) = setting().await;
    let base = format!("/tenants/{}/audit_logs", tenant.id);
    for (query, entries) in [("outcome=failed", 1), ("q=alice", 4), ("not_type=audit_exported", 8)] {
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

#[tokio::test]
async fn a_bounded_page_has_a_lower_bound_and_a_cursor() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Auditor).await;
    let (meta, now) = (RequestMeta::default(), server.app.clock.now());
    let examined = u32::try_from(EXAMINED).unwrap();
    let entry = |number: u32| {
        let event = audit::event(&server.app, tenant.id, &meta, AuditType::ApiKeyRejected, now).unwrap();
        event.by(if number == 0 { "first".to_owned() } else { format!("person {number}") })
    };
    let entries: Vec<_> = (0..examined + 10).map(entry).collect();
    let write = move |connection: &mut Connection| entries.iter().try_for_each(|entry| entry.write(connection));
    server.app.db.write(write).await.unwrap();
    let own = format!("/tenants/{}/audit_logs", tenant.id);

    let all = admin.get("/audit_logs").await.expect(200);
    assert_eq!((all.header("x-total-count"), all.header("x-total-count-relation")), (Some("10000"), Some("gte")));
    let counted = admin.get(&format!("{own}?type=api_key_rejected")).await.expect(200);
    assert_eq!((counted.header("x-total-count"), counted.header("x-total-count-relation")), (Some("10010"), None));
    assert!(!counted.header("link").unwrap().contains("rel=\"last\""), "the last page is beyond the numbered ones");

    // The entry is not among the newest entries, so the first page is empty, but it links to a page with the entry.
    let mut page = admin.get(&format!("{own}?q=first&per_page=5")).await.expect(200);
    assert_eq!((page.header("x-total-count"), page.header("x-total-count-relation")), (Some("0"), Some("gte")));
    assert_eq!(page.json().as_array().unwrap().len(), 0);
    let link = page.header("link").unwrap().to_owned();
    let next = link.split(',').find(|link| link.ends_with("rel=\"next\"")).unwrap();
    let next = next.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
    assert!(next.starts_with(&format!("{own}?before=")) && next.ends_with("&q=first&per_page=5"), "{next}");
    page = admin.get(next).await.expect(200);
    assert_eq!(page.json()[0]["actor_user_id"], "first");
    assert_eq!((page.header("link"), page.header("x-total-count")), (None, None));

    // Numbered pages end at row 10 000.
    let last = admin.get(&format!("{own}?per_page=1000&page=10")).await.expect(200);
    let oldest = last.json()[999]["id"].as_str().unwrap().to_owned();
    assert!(last.header("link").unwrap().contains(&format!("?before={oldest}&")), "{:?}", last.header("link"));
    let beyond = admin.get(&format!("{own}?per_page=1000&page=11")).await;
    beyond.expect_refusal(400, "query_invalid");
    assert!(beyond.field("details").contains("`before`"), "{}", beyond.field("details"));
    // The error message contains the page number, even if the number exceeds 32 bits.
    for path in [own.as_str(), "/tenants"] {
        let beyond = admin.get(&format!("{path}?page=99999999999")).await;
        beyond.expect_refusal(400, "query_invalid");
        assert!(beyond.field("details").contains("page 99999999999 begins"), "{}", beyond.field("details"));
    }
    let export = admin.get(&format!("{own}?format=ndjson&actor=first&actor=person%2010009")).await.expect(200);
    assert_eq!(export.header("x-total-count-relation"), Some("gte"));
    assert_eq!(export.text.lines().count(), 2);
}
