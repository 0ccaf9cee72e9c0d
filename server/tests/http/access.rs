//! Access control of the public API: every endpoint, with every kind of invalid key.

use doorward_server::{
    routes::{Access, PUBLIC},
    service::admin::{
        api_keys,
        disabling::{self, Target},
    },
};
use doorward_shared::{ApiKeyId, admin::Role};
use doorward_testkit::{Http, Person, TestServer, TestTenant};
use reqwest::Method;

const UNKNOWN_TENANT: &str = "00000000-0000-4000-8000-000000000001";

/// Returns the methods and paths of the endpoints with the given access. The paths contain ids that do not exist.
pub(crate) fn paths(access: Access) -> impl Iterator<Item = (Method, String)> {
    PUBLIC.iter().filter(move |endpoint| endpoint.access == access).map(|endpoint| {
        let path = endpoint.path.replace("/{tenant_id}", "");
        let path = path.replace("{user_id}", "alice").replace("{credential_id}", "AAAA");
        (endpoint.method.parse().unwrap(), path)
    })
}

/// Checks that every endpoint that needs the key rejects `caller` and writes exactly one audit entry.
async fn expect_rejected(tenant: &TestTenant, caller: &Http, code: &str) {
    let title = if code == "api_key_disabled" { "The api key is disabled" } else { "The api key is invalid" };
    let before = (tenant.count("").await, tenant.count("type=api_key_rejected").await);
    let mut calls = 0;
    for (method, path) in paths(Access::ApiKey) {
        let response = caller.send(method.clone(), &path, Some(b"{}".to_vec())).await;
        response.expect_refusal(401, code);
        assert_eq!(response.field("title"), title);
        let entry = tenant.entry_of(&response).await;
        assert_eq!(
            (entry.kind().as_str(), entry.code().as_deref()),
            ("api_key_rejected", Some(code)),
            "{method} {path}"
        );
        calls += 1;
    }
    let after = (tenant.count("").await, tenant.count("type=api_key_rejected").await);
    assert_eq!(after, (before.0 + calls, before.1 + calls));
}

#[tokio::test]
async fn protected_endpoints_reject_missing_or_invalid_keys() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    expect_rejected(&tenant, &tenant.anonymous, "api_key_missing").await;
    expect_rejected(&tenant, &tenant.with_key(&other.api_key), "api_key_invalid").await;
    expect_rejected(&tenant, &tenant.with_key("dw_nonsense"), "api_key_invalid").await;
    let mut wrong = tenant.api_key.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    expect_rejected(&tenant, &tenant.with_key(&wrong), "api_key_invalid").await;
    let expiring = server.api_key(tenant.id, Some(server.app.clock.now().plus_millis(1_000))).await;
    let _ = tenant.with_key(&expiring.secret).get("/credentials").await.expect(200);
    server.clock.advance_ms(1_000);
    expect_rejected(&tenant, &tenant.with_key(&expiring.secret), "api_key_invalid").await;
    let revoked = server.api_key(tenant.id, None).await;
    let _ = tenant.with_key(&revoked.secret).get("/credentials").await.expect(200);
    api_keys::revoke(&server.administrator(), tenant.id, ApiKeyId::new(revoked.id)).await.unwrap();
    expect_rejected(&tenant, &tenant.with_key(&revoked.secret), "api_key_invalid").await;
    let disabled = server.api_key(tenant.id, None).await;
    let _ = tenant.with_key(&disabled.secret).get("/credentials").await.expect(200);
    let target = Target::ApiKey(ApiKeyId::new(disabled.id));
    assert!(disabling::disable(&server.administrator(), tenant.id, target.clone()).await.unwrap());
    expect_rejected(&tenant, &tenant.with_key(&disabled.secret), "api_key_disabled").await;
    // If the secret is wrong, the response does not reveal that the key is disabled.
    let mut wrong = disabled.secret.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    expect_rejected(&tenant, &tenant.with_key(&wrong), "api_key_invalid").await;
    assert!(disabling::enable(&server.administrator(), tenant.id, target).await.unwrap());
    let _ = tenant.with_key(&disabled.secret).get("/credentials").await.expect(200);
    let _ = tenant.http.get("/credentials").await.expect(200);
}

#[tokio::test]
async fn disabled_tenant_serves_only_its_public_documents() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let admin = server.admin("ops", Role::Admin).await;
    let keys = tenant.anonymous.get("/.well-known/jwks.json").await.expect(200).json();
    assert!(disabling::disable(&server.administrator(), tenant.id, Target::Tenant).await.unwrap());
    for access in [Access::ApiKey, Access::Visitor, Access::VisitorOrKey] {
        for (method, path) in paths(access).filter(|(_, path)| !path.contains(".well-known")) {
            for caller in [&tenant.http, &tenant.anonymous] {
                let response = caller.send(method.clone(), &path, Some(b"{}".to_vec())).await;
                response.expect_refusal(403, "tenant_disabled");
                assert_eq!(response.field("title"), "tenant is disabled");
                let list = format!("/tenants/{}/audit_logs?request_id={}", tenant.id, response.request_id());
                let entries = admin.get(&list).await.expect(200).json();
                assert_eq!(entries.as_array().unwrap().len(), 1, "{method} {path}");
                let found = (&entries[0]["type"], &entries[0]["error_code"]);
                assert_eq!(found, (&"request_rejected".into(), &"tenant_disabled".into()));
            }
        }
    }
    assert_eq!(tenant.anonymous.get("/.well-known/jwks.json").await.expect(200).json(), keys);
    let _ = other.http.get("/credentials").await.expect(200);
    assert!(disabling::enable(&server.administrator(), tenant.id, Target::Tenant).await.unwrap());
    let _ = tenant.http.get("/credentials").await.expect(200);
}

#[tokio::test]
async fn public_endpoints_accept_any_key_and_are_audited() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let revoked = server.api_key(tenant.id, None).await;
    api_keys::revoke(&server.administrator(), tenant.id, ApiKeyId::new(revoked.id)).await.unwrap();
    for key in [None, Some("dw_nonsense"), Some(&*revoked.secret), Some(&*other.api_key), Some(&*tenant.api_key)] {
        let caller = key.map_or_else(|| tenant.anonymous.clone(), |key| tenant.with_key(key));
        let _ = caller.get("/.well-known/jwks.json").await.expect(200);
        let begun = caller.post("/login/initialize", &serde_json::json!({})).await.expect(200);
        assert_eq!(tenant.entry_of(&begun).await.kind(), "webauthn_authentication_init_succeeded");
        for (path, kind) in [
            ("/login/finalize", "webauthn_authentication_final_failed"),
            ("/registration/finalize", "webauthn_registration_final_failed"),
        ] {
            let response = caller.post(path, &serde_json::json!({})).await;
            let _ = tenant.expect_audited_refusal(&response, 400, "credential_malformed", kind).await;
        }
    }
}

#[tokio::test]
async fn ids_of_another_tenant_return_not_found() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let mut alice = Person::new("alice");
    let _ = alice.register(&other).await.expect(200);
    let _ = alice.transaction(&other, "order", &serde_json::json!(1)).await.expect(200);
    let foreign_id = other.http.get("/credentials").await.expect(200).json()[0]["id"].as_str().unwrap().to_owned();
    let before = other.count("").await;
    for (method, path) in paths(Access::ApiKey) {
        let body = |user: &str| {
            let body =
                serde_json::json!({ "user_id": user, "transaction_id": "order", "transaction_data": 1, "name": "x" });
            Some(body.to_string().into_bytes())
        };
        let foreign = path.replace("AAAA", &foreign_id);
        let unknown = path.replace("alice", "nobody");
        let other_tenant = tenant.http.send(method.clone(), &foreign, body("alice")).await;
        let nonexistent = tenant.http.send(method.clone(), &unknown, body("nobody")).await;
        if path == "/credentials" || path == "/audit_logs" {
            assert_eq!((other_tenant.status, nonexistent.status), (200, 200));
            continue;
        }
        assert!([400, 404].contains(&other_tenant.status), "{method} {path}: {}", other_tenant.text);
        assert_eq!(other_tenant.text.replace(&foreign_id, "AAAA"), nonexistent.text, "{method} {path}");
        for response in [&other_tenant, &nonexistent] {
            let entry = tenant.entry_of(response).await;
            assert_eq!(entry.code(), Some(response.field("code")), "{method} {path}");
            assert!(
                entry.kind().ends_with("_failed") || entry.kind() == "request_rejected",
                "{method} {path}: {entry:?}"
            );
        }
    }
    assert_eq!(other.count("").await, before);
    let _ = other.http.get(&format!("/credentials/{foreign_id}")).await.expect(200);
}

#[tokio::test]
async fn login_of_a_named_user_needs_the_key() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let named = serde_json::json!({ "user_id": "alice" });
    let missing = tenant.anonymous.post("/login/initialize", &named).await;
    missing.expect_refusal(401, "api_key_missing");
    assert_eq!(missing.field("title"), "api key is missing");
    let wrong = tenant.with_key(&other.api_key).post("/login/initialize", &named).await;
    wrong.expect_refusal(401, "api_key_invalid");
    let _ = tenant.anonymous.send(Method::POST, "/login/initialize", Some(Vec::new())).await.expect(200);
}

#[tokio::test]
async fn tenants_cannot_read_or_change_each_other() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let id = tenant.http.get("/credentials").await.expect(200).json()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/credentials/{id}");
    other.http.get(&path).await.expect_refusal(404, "credential_not_found");
    let name = serde_json::json!({ "name": "mine now" });
    other.http.patch(&path, &name).await.expect_refusal(404, "credential_not_found");
    other.http.delete(&path).await.expect_refusal(404, "credential_not_found");
    other.http.get("/transaction/alice").await.expect_refusal(404, "user_not_found");
    let login = serde_json::json!({ "user_id": "alice" });
    other.http.post("/mfa/login/initialize", &login).await.expect_refusal(404, "user_not_found");
    assert_eq!(other.http.get("/credentials").await.expect(200).json(), serde_json::json!([]));
    assert_eq!(other.count("actor_user_id=alice&type=webauthn_registration_final_succeeded").await, 0);
    let _ = tenant.http.get(&path).await.expect(200);
}

#[tokio::test]
async fn unknown_tenants_and_routes_return_404() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let root = tenant.anonymous.at(server.public_url.clone());
    let bad = root.post("/not-a-uuid/login/initialize", &serde_json::json!({})).await;
    bad.expect_refusal(400, "tenant_id_invalid");
    assert_eq!(bad.field("title"), "tenant_id must be a valid uuid4");
    let unknown = root.post(&format!("/{}/login/initialize", UNKNOWN_TENANT), &serde_json::json!({})).await;
    unknown.expect_refusal(404, "tenant_not_found");
    assert_eq!(unknown.field("title"), "tenant not found");
    root.get("/no/such/route").await.expect_refusal(404, "route_not_found");
    let wrong = tenant.http.get("/mfa/login/finalize").await;
    wrong.expect_refusal(405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), Some("POST"));
    let big = vec![b' '; 300 * 1024];
    tenant.http.post_bytes("/mfa/login/finalize", big).await.expect_refusal(413, "body_too_large");
}
