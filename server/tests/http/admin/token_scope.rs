//! Limited admin tokens call every endpoint of the admin API, for a tenant that they may use and for one that they may
//! not use.

use doorward_server::routes::{Access, Endpoint};
use doorward_server::service::admin::admin_tokens;
use doorward_shared::{
    TenantId,
    admin::{CreateAdminTokenRequest, Role},
};
use doorward_testkit::{Http, TestServer};
use serde_json::{Value, json};

use super::fixture::{Fixture, guarded};

/// Endpoints without a tenant in the path that a limited token may use.
const ALLOWED: [&str; 5] = ["GET /tenants", "GET /tenant_summaries", "GET /me", "GET /mds", "POST /config/check"];

async fn scoped(server: &TestServer, name: &str, role: Role, tenant: TenantId) -> Http {
    let request = CreateAdminTokenRequest {
        name: Some(name.to_owned()),
        role: Some(role),
        tenants: Some(vec![tenant]),
        expires_at: None,
    };
    let token = admin_tokens::create(&server.administrator(), request).await.unwrap();
    Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {}", token.secret))
}

fn name(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.path)
}

fn has_tenant(endpoint: &Endpoint) -> bool {
    endpoint.path.contains("{tenant_id}")
}

#[tokio::test]
async fn token_sees_and_changes_no_other_tenant() {
    let fixture = Fixture::new().await;
    let admin = scoped(&fixture.server, "limited", Role::Admin, fixture.one.tenant.id).await;
    let before = fixture.state().await;
    let mut refused = 0;
    for endpoint in guarded().filter(|endpoint| has_tenant(endpoint) || !ALLOWED.contains(&name(endpoint).as_str())) {
        let response = fixture.call_for(&admin, endpoint, &fixture.other, &fixture.other).await;
        match has_tenant(endpoint) {
            true => response.expect_refusal(404, "tenant_not_found"),
            false => response.expect_refusal(403, "forbidden"),
        }
        let entries = fixture.entries(&response).await;
        assert_eq!(entries.len(), 1, "{}: {entries:?}", name(endpoint));
        let found = (&entries[0]["type"], &entries[0]["actor_user_id"], &entries[0]["error_code"]);
        assert_eq!(found, (&"admin_token_rejected".into(), &"limited".into(), &"forbidden".into()));
        refused += 1;
    }
    // The installation's log has the path of a tenant's log, with `INSTALLATION` as the tenant id.
    let own_log = format!("/tenants/{}/audit_logs", TenantId::INSTALLATION);
    admin.get(&own_log).await.expect_refusal(404, "tenant_not_found");
    assert_eq!(refused, guarded().count() - ALLOWED.len());
    assert_eq!(fixture.state().await, before);
}

#[tokio::test]
async fn responses_contain_nothing_of_another_tenant() {
    let fixture = Fixture::new().await;
    let (one, other) = (fixture.one.tenant.id, fixture.other.tenant.id.to_string());
    let admin = scoped(&fixture.server, "limited", Role::Admin, one).await;
    let mut allowed = 0;
    for endpoint in guarded().filter(|endpoint| has_tenant(endpoint) || ALLOWED.contains(&name(endpoint).as_str())) {
        if endpoint.method == "DELETE" && endpoint.path == "/tenants/{tenant_id}" {
            continue;
        }
        let response = fixture.call(&admin, endpoint).await;
        // Earlier calls have deleted or disabled some of the objects.
        assert!(
            response.status < 300 || [404, 409].contains(&response.status),
            "{}: {}",
            name(endpoint),
            response.text
        );
        assert!(!response.text.contains(&other), "{}: {}", name(endpoint), response.text);
        allowed += usize::from(response.status < 300);
    }
    assert!(allowed > 20, "{allowed}");
    let sorted = |sort: &str| format!("/tenant_summaries?sort={sort}");
    let paths = ["/tenants", "/tenants?q=e", "/tenants?per_page=1", "/tenant_summaries"].map(str::to_owned);
    for path in paths.into_iter().chain(["users", "api_keys", "refused"].map(sorted)) {
        let path = path.as_str();
        let response = admin.get(path).await.expect(200);
        let body = response.json();
        let items = if body.is_array() { &body } else { &body["items"] };
        let ids: Vec<&Value> = items.as_array().unwrap().iter().map(|item| item.get("id").unwrap()).collect();
        assert_eq!(ids, [&json!(one)], "{path}: {body}");
        assert!(body.get("total").is_none_or(|total| total == 1), "{body}");
        if path.starts_with("/tenants") {
            assert_eq!(response.header("x-total-count"), Some("1"), "{path}");
            assert!(!response.header("link").unwrap_or_default().contains(&other));
        }
    }
    let _ = admin.delete(&format!("/tenants/{one}")).await.expect(204);
    // The deleted tenant was the only one that the token could use.
    admin.get("/tenants").await.expect_refusal(401, "admin_token_invalid");
}

#[tokio::test]
async fn read_only_token_for_a_tenant_changes_nothing() {
    let fixture = Fixture::new().await;
    let auditor = scoped(&fixture.server, "limited", Role::Auditor, fixture.one.tenant.id).await;
    let before = fixture.state().await;
    for endpoint in guarded().filter(|endpoint| has_tenant(endpoint)) {
        let response = fixture.call(&auditor, endpoint).await;
        match endpoint.access {
            Access::Admin => response.expect_refusal(403, "forbidden"),
            _ => assert_eq!(response.status, 200, "{}: {}", name(endpoint), response.text),
        }
    }
    assert_eq!(fixture.state().await, before);
}

#[tokio::test]
async fn tenants_of_a_new_token_are_checked_and_shown() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await.id;
    let admin = server.admin("root", Role::Admin).await;
    let create = async |name: &str, role: &str, tenants: Value| {
        admin.post("/admin_tokens", &json!({ "name": name, "role": role, "tenants": tenants })).await
    };
    let unknown = "00000000-0000-4000-8000-000000000001";
    for (role, tenants, part) in [
        ("admin", json!([]), "1 to 100 ids"),
        ("admin", json!([tenant, unknown]), unknown),
        ("metrics", json!([tenant]), "cannot be limited to tenants"),
    ] {
        let refused = create("limited", role, tenants).await;
        refused.expect_refusal(400, "validation_failed");
        assert!(refused.field("details").contains(part), "{}", refused.text);
    }
    let made = create("limited", "admin", json!([tenant, tenant])).await.expect(201).json();
    let listed = admin.get("/admin_tokens").await.expect(200).json();
    let of = |name: &str| listed.as_array().unwrap().iter().find(|token| token["name"] == name).unwrap().clone();
    assert_eq!((&of("limited")["tenants"], &of("root")["tenants"]), (&json!([tenant]), &Value::Null));
    let bearer = format!("Bearer {}", made["secret"].as_str().unwrap());
    let limited = Http::new(server.admin_url.clone()).header("Authorization", &bearer);
    assert_eq!(limited.get("/me").await.expect(200).json()["tenants"], json!([tenant]));
    // A limited token cannot create tokens. If only limited tokens were left, nobody could create a token.
    let root = format!("/admin_tokens/{}", of("root")["id"].as_str().unwrap());
    admin.delete(&root).await.expect_refusal(409, "last_admin_token");
}

#[tokio::test]
async fn token_is_not_valid_for_a_later_tenant_with_the_same_id() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await.id, server.tenant().await.id);
    let alone = scoped(&server, "alone", Role::Admin, tenant).await;
    let admin = server.admin("root", Role::Admin).await;
    let request = json!({ "name": "both", "role": "admin", "tenants": [tenant, other] });
    let both = admin.post("/admin_tokens", &request).await.expect(201).field("secret").to_owned();
    let both = Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {both}"));
    let path = format!("/tenants/{tenant}");
    // The log records what the token did, so the token must not be able to delete the log.
    alone.delete(&format!("{path}?erase_audit=true")).await.expect_refusal(403, "forbidden");
    alone.delete(&path).await.expect(204);
    alone.get("/me").await.expect_refusal(401, "admin_token_invalid");
    assert_eq!(both.get("/me").await.expect(200).json()["tenants"], json!([other]));
    let deleted = admin.get("/audit_logs?type=tenant_deleted").await.expect(200).json();
    assert!(deleted.to_string().contains("\"revoked_admin_tokens\":[\"alone\"]"), "{deleted}");
}
