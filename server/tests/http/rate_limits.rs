//! Rate limits for requests without a valid API key, and the effects of many requests with wrong keys.

use std::time::{Duration, Instant};

use doorward_server::{routes::Access, service::admin::api_keys};
use doorward_shared::{ApiKeyId, admin::Role};
use doorward_testkit::{Http, Response, TestServer, TestTenant, database};
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    access::paths,
    request_id::{lines_of, log},
};

/// Starts a server that allows 60 requests per minute from one address, with a burst of 6 requests.
async fn limited() -> (TestServer, TestTenant) {
    let server = TestServer::builder().settings(|settings| settings.visits_per_address = Some(60)).start().await;
    let tenant = server.tenant().await;
    (server, tenant)
}

/// Returns the tenant's API key with its secret replaced by a wrong one that contains `number`.
fn wrong_key(tenant: &TestTenant, number: u32) -> String {
    let mut key = tenant.api_key.clone();
    key.replace_range(key.len() - 6.., &format!("{number:06}"));
    key
}

/// Sends anonymous requests until one is refused, and returns the response of that request.
async fn exhaust_limit(tenant: &TestTenant) -> Response {
    let mut response = tenant.anonymous.get("/.well-known/jwks.json").await;
    for _ in 0..100 {
        if response.status != 200 {
            break;
        }
        response = tenant.anonymous.get("/.well-known/jwks.json").await;
    }
    response.expect_refusal(429, "rate_limited");
    response
}

#[tokio::test]
async fn rate_limit_applies_only_to_requests_without_a_valid_key() {
    let (_server, tenant) = limited().await;
    let response = exhaust_limit(&tenant).await;
    assert!(response.header("retry-after").is_some());
    for _ in 0..20 {
        let _ = tenant.http.post("/login/initialize", &json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn requests_to_unknown_tenants_are_rate_limited() {
    use reqwest::Method;

    let nobody = |tenant: &TestTenant| {
        tenant.http.at(tenant.http.base().replace(&tenant.id.to_string(), "01234567-89ab-4def-8123-456789abcdef"))
    };
    let origin = |http: &Http| http.clone().header("origin", "https://app.example.com");
    let preflight = |http: &Http| origin(http).header("access-control-request-method", "POST");
    for case in 0..3 {
        let (_server, tenant) = limited().await;
        let unknown = nobody(&tenant);
        let (mut accepted, mut limited) = (0, 0);
        for _ in 0..20 {
            let response = match case {
                0 => unknown.get("/credentials").await,
                1 => origin(&unknown).get("/credentials").await,
                _ => preflight(&unknown).send(Method::OPTIONS, "/credentials", None).await,
            };
            match response.status {
                404 | 204 => accepted += 1,
                _ => {
                    response.expect_refusal(429, "rate_limited");
                    assert!(response.header("retry-after").is_some());
                    limited += 1;
                }
            }
        }
        // If a request were counted twice, fewer than 6 requests (the burst) would be accepted.
        assert!((6..=8).contains(&accepted), "{case}: {accepted}");
        assert_eq!(accepted + limited, 20);
        // Requests with a valid key are not limited.
        let _ = tenant.http.get("/credentials").await.expect(200);
        let _ = origin(&tenant.http).get("/credentials").await.expect(200);
    }
}

#[tokio::test]
async fn valid_key_that_this_process_has_not_seen_is_never_rate_limited() {
    let limit = |settings: &mut doorward_server::app::AppSettings| {
        settings.visits_per_address = Some(60);
        settings.visits_per_tenant = Some(60);
    };
    let server = TestServer::builder().settings(limit).start().await;
    let tenant = server.tenant().await;
    let mut routes = 0;
    for (method, path) in [Access::Visitor, Access::VisitorOrKey, Access::ApiKey].into_iter().flat_map(paths) {
        let key = server.api_key(tenant.id, None).await;
        let _ = exhaust_limit(&tenant).await;
        let response = tenant.with_key(&key.secret).send(method.clone(), &path, Some(b"{}".to_vec())).await;
        let code = if response.status < 400 { String::new() } else { response.field("code") };
        assert!(!["rate_limited", "api_key_invalid"].contains(&code.as_str()), "{method} {path}: {}", response.text);
        routes += 1;
    }
    assert!(routes > 15, "{routes}");
}

#[tokio::test]
async fn flood_of_wrong_keys_stops_growing_the_audit_log() {
    let _ = log();
    let (_server, tenant) = limited().await;
    let wrong = tenant.with_key(&wrong_key(&tenant, 1));
    let callers = [tenant.anonymous.clone(), tenant.with_key("dw_nonsense"), wrong];
    let (mut rejected, mut limited) = (Vec::new(), Vec::new());
    for caller in callers.iter().cycle().take(60) {
        let response = caller.get("/credentials").await;
        if response.status == 401 { &mut rejected } else { &mut limited }.push(response);
    }
    assert!(rejected.len() >= 6 && limited.len() >= 30, "{} {}", rejected.len(), limited.len());
    assert_eq!(tenant.count("type=api_key_rejected").await, rejected.len() as u64);
    for response in &rejected {
        assert_eq!(lines_of(response.request_id()).len(), 1);
    }
    for response in &limited {
        response.expect_refusal(429, "rate_limited");
        assert!(response.header("retry-after").is_some());
        // This server logs a line for each of these requests. The binary logs at most ten such lines per second (see
        // tests/log.rs).
        assert_eq!(lines_of(response.request_id()).len(), 1);
    }
    let _ = tenant.http.get("/credentials").await.expect(200);
}

#[tokio::test]
async fn public_keys_are_served_when_the_limit_of_the_tenant_is_used_up() {
    let server = TestServer::builder().settings(|settings| settings.visits_per_tenant = Some(10)).start().await;
    let tenant = server.tenant().await;
    let mut limited = false;
    for _ in 0..20 {
        limited |= tenant.anonymous.post("/login/initialize", &json!({})).await.status == 429;
    }
    assert!(limited);
    for _ in 0..20 {
        let _ = tenant.anonymous.get("/.well-known/jwks.json").await.expect(200);
    }
}

#[tokio::test]
async fn unknown_tenants_are_read_once_and_not_above_the_rate_limit() {
    let (server, tenant) = limited().await;
    let at = |id: &str| tenant.anonymous.at(tenant.anonymous.base().replace(&tenant.id.to_string(), id));
    let unknown = at("01234567-89ab-4def-8123-456789abcdef");
    let _ = unknown.get("/credentials").await.expect(404);
    server.sql("ALTER TABLE tenants RENAME TO elsewhere").await;
    let _ = unknown.get("/credentials").await.expect(404);
    // This tenant id is not cached, so the request needs the database.
    let _ = at("11234567-89ab-4def-8123-456789abcdef").get("/credentials").await.expect(500);
    while unknown.get("/credentials").await.status != 429 {}
    for origin in [None, Some("https://app.example.com")] {
        let caller = at("21234567-89ab-4def-8123-456789abcdef");
        let caller = origin.map_or(caller.clone(), |origin| caller.header("origin", origin));
        caller.get("/credentials").await.expect_refusal(429, "rate_limited");
    }
    server.sql("ALTER TABLE elsewhere RENAME TO tenants").await;
    let _ = tenant.http.get("/credentials").await.expect(200);
}

#[tokio::test]
async fn unknown_tenants_are_read_again_after_an_administrative_change() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let other = server.second_node().await;
    let there = tenant.on(&other);
    let hide = "ALTER TABLE tenants RENAME TO elsewhere; CREATE TABLE tenants AS SELECT * FROM elsewhere WHERE 1 = 0";
    server.sql(hide).await;
    let _ = there.http.get("/credentials").await.expect(404);
    server.sql("DROP TABLE tenants; ALTER TABLE elsewhere RENAME TO tenants").await;
    let _ = there.http.get("/credentials").await.expect(404);
    // The creation of a tenant is an administrative change. On PostgreSQL, it reaches the other node a moment later.
    let _ = server.tenant().await;
    let found = async { while there.http.get("/credentials").await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(30), found).await.expect("the tenant is found");
    other.stop().await;
}

#[tokio::test]
async fn request_with_a_wrong_key_is_counted_once() {
    for (method, path, body) in [
        (reqwest::Method::GET, "/credentials", ""),
        (reqwest::Method::POST, "/login/initialize", r#"{"user_id":"alice"}"#),
    ] {
        // The limit allows a burst of 10 requests.
        let server = TestServer::builder().settings(|settings| settings.visits_per_address = Some(100)).start().await;
        let tenant = server.tenant().await;
        let caller = tenant.with_key(&wrong_key(&tenant, 1));
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(caller.send(method.clone(), path, Some(body.into())).await.status);
        }
        let rejected = statuses.iter().filter(|&&status| status == 401).count();
        assert!((10..=14).contains(&rejected), "{path}: {statuses:?}");
    }
}

#[tokio::test]
async fn keys_are_created_during_a_flood_of_wrong_keys() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("alice", Role::Admin).await;
    let path = format!("/tenants/{}/secrets/api", tenant.id);
    let flood = join_all((0..100).map(|number| {
        let caller = tenant.with_key(&wrong_key(&tenant, number));
        async move { caller.get("/credentials").await.status }
    }));
    let created = async {
        for number in 0..10 {
            let key = admin.post(&path, &json!({ "name": format!("key {number}") })).await.expect(201);
            let _ = tenant.with_key(&key.field("secret")).get("/credentials").await.expect(200);
        }
    };
    let (flood, ()) = tokio::join!(flood, created);
    assert!(flood.iter().all(|&status| status == 401), "{flood:?}");
}

#[tokio::test]
async fn revoked_and_expired_keys_are_rejected_even_if_cached() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let expires = server.app.clock.now().plus_millis(60_000);
    let (revoked, expiring) = (server.api_key(tenant.id, None).await, server.api_key(tenant.id, Some(expires)).await);
    for secret in [&revoked.secret, &expiring.secret] {
        let _ = tenant.with_key(secret).get("/credentials").await.expect(200);
    }
    api_keys::revoke(&server.administrator(), tenant.id, ApiKeyId::new(revoked.id)).await.unwrap();
    tenant.with_key(&revoked.secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    server.clock.advance_ms(59_999);
    let _ = tenant.with_key(&expiring.secret).get("/credentials").await.expect(200);
    server.clock.advance_ms(1);
    tenant.with_key(&expiring.secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");
}

#[tokio::test]
async fn key_revoked_by_another_process_is_rejected_even_if_cached() {
    // On PostgreSQL the change arrives later, by NOTIFY. This is tested in tests/nodes/changes.rs.
    if !database::is_sqlite("key_revoked_by_another_process_is_rejected_even_if_cached") {
        return;
    }
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let other_process = server.second_node().await;
    let key = server.api_key(tenant.id, None).await;
    let caller = tenant.with_key(&key.secret);
    let _ = caller.get("/credentials").await.expect(200);
    api_keys::revoke(&other_process.administrator(), tenant.id, ApiKeyId::new(key.id)).await.unwrap();
    caller.get("/credentials").await.expect_refusal(401, "api_key_invalid");
    other_process.stop().await;
}

#[tokio::test]
async fn rejected_keys_get_delayed_responses_and_valid_keys_do_not() {
    const DELAY: Duration = Duration::from_millis(300);
    let server = TestServer::builder()
        .settings(|settings| {
            settings.wrong_key_delay = DELAY;
            // The limit allows one request with a wrong key per minute.
            settings.visits_per_address = Some(1);
        })
        .start()
        .await;
    let tenant = server.tenant().await;
    for (number, status, code) in [(0, 401, "api_key_invalid"), (1, 429, "rate_limited")] {
        let start = Instant::now();
        tenant.with_key(&wrong_key(&tenant, number)).get("/credentials").await.expect_refusal(status, code);
        assert!(start.elapsed() >= DELAY, "{:?}", start.elapsed());
    }
    let start = Instant::now();
    let rejected: Http = tenant.with_key(&wrong_key(&tenant, 2));
    let (_, valid) = tokio::join!(rejected.get("/credentials"), async {
        let response = tenant.http.get("/credentials").await;
        (response.status, start.elapsed() < DELAY)
    });
    assert_eq!(valid, (200, true));
}
