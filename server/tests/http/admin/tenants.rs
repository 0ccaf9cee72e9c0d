//! `/tenants/{tenant_id}`: deletion, and creation with a chosen id.

use std::{collections::BTreeSet, time::Duration};

use doorward_server::{
    db::{Connection, DbError},
    domain::Tenant,
    jobs,
    service::admin::tenants,
    store::tenants as table,
};
use doorward_shared::{TenantId, admin::Role};
use doorward_testkit::{Http, Person, TestServer, TestTenant};
use serde_json::json;
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

async fn fixture() -> (TestServer, TestTenant, Http, Http) {
    let server = TestServer::builder().settings(|settings| settings.audit_retention_days = None).start().await;
    let tenant = server.tenant().await;
    let (admin, auditor) = (server.admin("ops", Role::Admin).await, server.admin("reader", Role::Auditor).await);
    (server, tenant, admin, auditor)
}

fn path(tenant: &TestTenant) -> String {
    format!("/tenants/{}", tenant.id)
}

async fn create_again(admin: &Http, tenant: &TestTenant) -> doorward_testkit::Response {
    admin.post("/tenants", &json!({ "id": tenant.id, "display_name": "Again" })).await
}

#[tokio::test]
async fn log_of_a_deleted_tenant_is_kept_for_90_days() {
    let (server, tenant, admin, auditor) = fixture().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let body = alice.mfa_assertion(&tenant).await;
    let entries = tenant.count("").await;
    let _ = admin.delete(&path(&tenant)).await.expect(204);
    // Requests no longer find the tenant, although the job has not deleted the data of the tenant yet.
    tenant.http.post("/mfa/login/finalize", &body).await.expect_refusal(404, "tenant_not_found");
    tenant.anonymous.get("/.well-known/jwks.json").await.expect_refusal(404, "tenant_not_found");
    admin.get(&path(&tenant)).await.expect_refusal(404, "tenant_not_found");
    admin.get(&format!("{}/users", path(&tenant))).await.expect_refusal(404, "tenant_not_found");
    admin.delete(&path(&tenant)).await.expect_refusal(404, "tenant_not_found");
    assert_eq!(admin.get("/tenants").await.expect(200).json().as_array().unwrap().len(), 0);
    create_again(&admin, &tenant).await.expect_refusal(409, "tenant_exists");
    server.clock.advance_ms(90 * DAY_MS - 1_000);
    jobs::finish_deletions(&server.app).await.unwrap();
    // The log of the deleted tenant still exists.
    let log = format!("{}/audit_logs", path(&tenant));
    for reader in [&admin, &auditor] {
        let listed = reader.get(&format!("{log}?per_page=100")).await.expect(200).json();
        assert_eq!(listed.as_array().unwrap().len() as u64, entries);
    }
    create_again(&admin, &tenant).await.expect_refusal(409, "tenant_exists");
    server.clock.advance_ms(2_000);
    admin.get(&log).await.expect_refusal(404, "tenant_not_found");
    jobs::finish_deletions(&server.app).await.unwrap();
    let _ = create_again(&admin, &tenant).await.expect(201);
    let listed = admin.get(&log).await.expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "only the entries of the new tenant: {listed}");
}

#[tokio::test]
async fn erased_log_of_a_deleted_tenant_is_gone_at_once() {
    for at_once in [true, false] {
        let (server, tenant, admin, auditor) = fixture().await;
        let erase = format!("{}?erase_audit=true", path(&tenant));
        if !at_once {
            let _ = admin.delete(&path(&tenant)).await.expect(204);
            jobs::finish_deletions(&server.app).await.unwrap();
        }
        auditor.delete(&erase).await.expect_refusal(403, "forbidden");
        admin.delete(&format!("{}?erase_audit=yes", path(&tenant))).await.expect_refusal(400, "query_invalid");
        let _ = admin.delete(&erase).await.expect(204);
        admin.get(&format!("{}/audit_logs", path(&tenant))).await.expect_refusal(404, "tenant_not_found");
        admin.delete(&erase).await.expect_refusal(404, "tenant_not_found");
        jobs::finish_deletions(&server.app).await.unwrap();
        let left = admin.get("/audit_logs?per_page=100").await.expect(200).json();
        let of_tenant = |entry: &&serde_json::Value| entry["tenant_id"] == tenant.id.to_string();
        assert_eq!(left.as_array().unwrap().iter().filter(of_tenant).count(), 0, "{left}");
        let _ = create_again(&admin, &tenant).await.expect(201);
    }
}

#[tokio::test]
async fn a_tenant_can_be_created_only_with_a_free_id() {
    let (_server, tenant, admin, _auditor) = fixture().await;
    create_again(&admin, &tenant).await.expect_refusal(409, "tenant_exists");
    let nil = json!({ "id": "00000000-0000-0000-0000-000000000000", "display_name": "Nil" });
    admin.post("/tenants", &nil).await.expect_refusal(400, "validation_failed");
    let chosen = "0198c0de-0000-7000-8000-000000000001";
    let created = admin.post("/tenants", &json!({ "id": chosen, "display_name": "Chosen" })).await.expect(201);
    assert_eq!(created.field("id"), chosen);
}

#[tokio::test]
async fn pages_of_other_origins_may_not_call_a_tenant_without_configuration() {
    let (_server, _tenant, admin, _auditor) = fixture().await;
    let created = admin.post("/tenants", &json!({ "display_name": "Local" })).await.expect(201);
    let config = admin.get(&format!("/tenants/{}", created.field("id"))).await.expect(200).json()["config"].clone();
    assert_eq!(config["webauthn"]["relying_party"]["origins"], json!(["http://localhost:8080"]));
    assert_eq!(config["cors"]["allowed_origins"], json!([]));
}

#[tokio::test]
async fn commands_read_all_pages_of_the_list_of_tenants() {
    let (server, tenant, ..) = fixture().await;
    let id = tenant.id;
    let copy = move |connection: &mut Connection| {
        let model = table::find(connection, id)?.ok_or(DbError::Database("no tenant".to_owned()))?;
        // A page has at most 1 000 tenants. With the existing tenant, the list therefore has two pages.
        (1..=1_000).try_for_each(|number| {
            let id = TenantId::new(Uuid::from_u128(number));
            table::insert(connection, &Tenant { id, ..model.clone() })
        })
    };
    server.app.db.write(copy).await.unwrap();
    let administrator = server.administrator();
    let all = tokio::time::timeout(Duration::from_secs(60), tenants::all(&administrator, None)).await;
    let all = all.expect("the list ends").unwrap();
    let distinct: BTreeSet<TenantId> = all.iter().map(|tenant| tenant.id).collect();
    assert_eq!((all.len(), distinct.len()), (1_001, 1_001));
}

#[tokio::test]
async fn exports_are_the_only_reads_that_leave_an_entry() {
    let (_server, tenant, admin, auditor) = fixture().await;
    let log = format!("{}/audit_logs", path(&tenant));
    let before = tenant.count("").await;
    for read in ["", "?per_page=1", "?after=01970000-0000-7000-8000-000000000000"] {
        let _ = auditor.get(&format!("{log}{read}")).await.expect(200);
        let _ = tenant.http.get(&format!("/audit_logs{read}")).await.expect(200);
    }
    for read in ["/tenants", "/overview", "/metrics", "/me", "/audit_logs"] {
        let _ = auditor.get(read).await.expect(200);
    }
    assert_eq!(tenant.count("").await, before);
    let _ = auditor.get(&format!("{log}?format=csv")).await.expect(200);
    let _ = tenant.http.get("/audit_logs?format=ndjson").await.expect(200);
    let _ = auditor.get("/audit_logs?format=csv").await.expect(200);
    assert_eq!(tenant.count("").await, before + 2);
    let exports = tenant.entries("type=audit_exported").await;
    assert_eq!(exports[1].text("actor_user_id").as_deref(), Some("reader"));
    assert_eq!(exports[0].0["detail"]["format"], "ndjson");
    // Exports of the log of a deleted tenant and exports of all logs are recorded in the installation's log.
    let _ = admin.delete(&path(&tenant)).await.expect(204);
    let _ = auditor.get(&format!("{log}?format=ndjson")).await.expect(200);
    let own = "/tenants/00000000-0000-0000-0000-000000000000/audit_logs?type=audit_exported";
    assert_eq!(admin.get(own).await.expect(200).json().as_array().unwrap().len(), 2);
}
