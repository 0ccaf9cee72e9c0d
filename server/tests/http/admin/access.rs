//! Access control of the admin API: every endpoint, with every kind of invalid token.

use std::time::{Duration, Instant};

use doorward_server::{
    routes::{ADMIN, Access},
    service::admin::admin_tokens,
};
use doorward_shared::{
    AdminTokenId, TenantId, Timestamp,
    admin::{CreateAdminTokenRequest, CreatedSecret, Role},
};
use doorward_testkit::{Http, TestServer};
use tokio::time::timeout;

use super::fixture::{Fixture, changes, guarded};

async fn token(server: &TestServer, name: &str, expires_at: Option<Timestamp>) -> CreatedSecret {
    let request =
        CreateAdminTokenRequest { name: Some(name.to_owned()), role: Some(Role::Admin), tenants: None, expires_at };
    admin_tokens::create(&server.administrator(), request).await.unwrap()
}

fn bearer(server: &TestServer, token: &str) -> Http {
    Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {token}"))
}

/// Checks that every endpoint that needs a token rejects `caller` and writes one entry to the installation's log.
async fn expect_rejected(fixture: &Fixture, caller: &Http, reason: &str) {
    for endpoint in guarded() {
        let response = fixture.call(caller, endpoint).await;
        let title = "The admin token is missing or invalid";
        response.expect_error(401, "admin_token_invalid", title, "");
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        let entries = fixture.entries(&response).await;
        assert_eq!(entries.len(), 1, "{} {}: {entries:?}", endpoint.method, endpoint.path);
        assert_eq!(entries[0]["type"], "admin_token_rejected");
        assert_eq!(entries[0]["tenant_id"], TenantId::INSTALLATION.to_string());
        assert_eq!(entries[0]["error"], reason);
        assert_eq!(entries[0]["error_code"], "admin_token_invalid");
        assert_eq!(entries[0]["meta_source_ip"], "127.0.0.1");
    }
}

#[tokio::test]
async fn protected_endpoints_reject_missing_or_invalid_tokens() {
    let fixture = Fixture::new().await;
    let server = &fixture.server;
    let before = fixture.state().await;
    let anonymous = Http::new(server.admin_url.clone());
    expect_rejected(&fixture, &anonymous, "the request carries no admin token").await;
    let malformed = "the admin token does not have the form dwa_<token id>_<secret>";
    // A tenant's API key is rejected in the header `Authorization` and in the header `apiKey`.
    let key = fixture.one.tenant.api_key.clone();
    expect_rejected(&fixture, &bearer(server, &key), malformed).await;
    expect_rejected(&fixture, &anonymous.clone().header("apiKey", &key), "the request carries no admin token").await;
    let good = token(server, "good", None).await;
    let basic = anonymous.clone().header("Authorization", &format!("Basic {}", good.secret));
    expect_rejected(&fixture, &basic, "the request carries no admin token").await;
    let mut wrong = good.secret.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    expect_rejected(&fixture, &bearer(server, &wrong), "the admin token's secret is wrong").await;
    let expiring = token(server, "expiring", Some(server.app.clock.now().plus_millis(1_000))).await;
    let _ = bearer(server, &expiring.secret).get("/me").await.expect(200);
    server.clock.advance_ms(1_000);
    expect_rejected(&fixture, &bearer(server, &expiring.secret), "the admin token has expired").await;
    let revoked = token(server, "revoked", None).await;
    let _ = bearer(server, &revoked.secret).get("/me").await.expect(200);
    for id in [expiring.id, revoked.id] {
        admin_tokens::revoke(&server.administrator(), AdminTokenId::new(id), true).await.unwrap();
    }
    let unknown = "no admin token has this id, or it was revoked";
    expect_rejected(&fixture, &bearer(server, &revoked.secret), unknown).await;
    let _ = bearer(server, &good.secret).get("/me").await.expect(200);
    admin_tokens::revoke(&server.administrator(), AdminTokenId::new(good.id), true).await.unwrap();
    assert_eq!(fixture.state().await, before);
}

#[tokio::test]
async fn auditors_read_everything_and_change_nothing() {
    let fixture = Fixture::new().await;
    let before = fixture.state().await;
    for endpoint in guarded() {
        let response = fixture.call(&fixture.auditor, endpoint).await;
        if endpoint.access != Access::Admin {
            assert_eq!(response.status, 200, "{} {}: {}", endpoint.method, endpoint.path, response.text);
            assert_eq!(fixture.entries(&response).await.len(), 0, "{} {}", endpoint.method, endpoint.path);
            continue;
        }
        response.expect_refusal(403, "forbidden");
        let entries = fixture.entries(&response).await;
        assert_eq!(entries.len(), 1, "{} {}", endpoint.method, endpoint.path);
        let found = (&entries[0]["type"], &entries[0]["actor_user_id"], &entries[0]["error_code"]);
        assert_eq!(found, (&"admin_token_rejected".into(), &"audit".into(), &"forbidden".into()));
    }
    assert_eq!(fixture.state().await, before);
}

#[tokio::test]
async fn metrics_tokens_read_only_the_metrics() {
    let fixture = Fixture::new().await;
    let scraper = fixture.server.admin("prometheus", Role::Metrics).await;
    let before = fixture.state().await;
    for endpoint in guarded() {
        let response = fixture.call(&scraper, endpoint).await;
        if endpoint.path == "/metrics" {
            assert_eq!(response.status, 200, "{}", response.text);
        } else {
            response.expect_refusal(403, "forbidden");
        }
    }
    assert_eq!(fixture.state().await, before);
}

#[tokio::test]
async fn resources_of_another_tenant_are_not_found() {
    let fixture = Fixture::new().await;
    let before = fixture.state().await;
    let mut calls = 0;
    for endpoint in guarded().filter(|endpoint| endpoint.path.contains("{tenant_id}")) {
        // The path contains the id of the first tenant and the id of an object of the other tenant.
        let inner = ["{secret_id}", "{credential_id}"].iter().any(|name| endpoint.path.contains(name));
        if inner {
            let response = fixture.call_for(&fixture.admin, endpoint, &fixture.one, &fixture.other).await;
            assert_eq!(response.status, 404, "{} {}: {}", endpoint.method, endpoint.path, response.text);
            let entries = fixture.entries(&response).await;
            assert_eq!(entries.len(), 1);
            assert_eq!(entries[0]["type"], "admin_request_rejected");
            calls += 1;
        }
        // The path contains an unknown or a malformed tenant id.
        for (id, status, code) in
            [("00000000-0000-4000-8000-000000000001", 404, "tenant_not_found"), ("nonsense", 400, "tenant_id_invalid")]
        {
            let one = fixture.one.tenant.id.to_string();
            let path = fixture.path(endpoint, &fixture.one, &fixture.one).replacen(&one, id, 1);
            let response = fixture.admin.send(super::fixture::method(endpoint), &path, Some(b"{}".to_vec())).await;
            // Some endpoints check the body before the tenant, and refuse the body `{}`.
            if !["validation_failed", "config_invalid"].contains(&response.field("code").as_str()) {
                response.expect_refusal(status, code);
            }
            assert!(response.status >= 400, "{} {path}", endpoint.method);
            // Only refused changes write an entry. This entry is in the installation's log.
            let entries = fixture.entries(&response).await;
            let is_change = endpoint.access == Access::Admin;
            assert_eq!(entries.len(), usize::from(is_change), "{} {path}", endpoint.method);
            assert!(entries.iter().all(|entry| entry["tenant_id"] == TenantId::INSTALLATION.to_string()));
        }
    }
    assert_eq!(calls, 7);
    assert_eq!(fixture.state().await, before);
}

#[tokio::test]
async fn rejected_tokens_get_delayed_responses() {
    let server =
        TestServer::builder().settings(|settings| settings.wrong_key_delay = Duration::from_millis(300)).start().await;
    let good = token(&server, "good", None).await;
    let start = Instant::now();
    bearer(&server, "dwa_nonsense").get("/me").await.expect_refusal(401, "admin_token_invalid");
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
    let _ = bearer(&server, &good.secret).get("/me").await.expect(200);
}

#[tokio::test]
async fn flood_of_wrong_tokens_stops_growing_the_audit_log_and_valid_tokens_work() {
    let server = TestServer::builder()
        .settings(|settings| {
            settings.visits_per_address = Some(60);
            // With this delay, the test would fail if 429 responses were delayed as well.
            settings.wrong_key_delay = Duration::from_secs(600);
        })
        .start()
        .await;
    let good = token(&server, "good", None).await;
    let mut wrong = good.secret.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    let callers = [bearer(&server, "dwa_nonsense"), bearer(&server, &wrong), Http::new(server.admin_url.clone())];
    let mut flood = tokio::task::JoinSet::new();
    for number in 0..60 {
        let caller = callers[number % callers.len()].clone();
        flood.spawn(async move { caller.get("/me").await });
    }
    // The first 6 requests get delayed 401 responses. All other requests get 429 responses at once.
    for _ in 0..50 {
        let response = timeout(Duration::from_secs(60), flood.join_next()).await.expect("a response at once");
        let response = response.unwrap().unwrap();
        response.expect_refusal(429, "rate_limited");
        assert_ne!(response.header("retry-after"), None);
    }
    let admin = bearer(&server, &good.secret);
    for _ in 0..20 {
        let _ = admin.get("/me").await.expect(200);
    }
    // The 401 responses are delayed, so the entries of these requests may not be written yet.
    let list = async || admin.get("/audit_logs?type=admin_token_rejected").await.expect(200).json();
    let complete = async {
        loop {
            let entries = list().await;
            if entries.as_array().unwrap().len() >= 6 {
                break entries;
            }
        }
    };
    let entries = timeout(Duration::from_secs(10), complete).await.expect("an entry for each 401 response");
    assert!(entries.as_array().unwrap().len() <= 10, "{entries}");
}

#[tokio::test]
async fn wrong_tokens_do_not_count_against_a_tenant() {
    let server = TestServer::builder().settings(|settings| settings.visits_per_tenant = Some(10)).start().await;
    let tenant = server.tenant().await;
    for _ in 0..20 {
        bearer(&server, "dwa_nonsense").get("/me").await.expect_refusal(401, "admin_token_invalid");
    }
    let _ = tenant.anonymous.post("/login/initialize", &serde_json::json!({})).await.expect(200);
}

#[test]
fn changes_need_the_role_admin() {
    let readers = ["GET /me", "POST /config/check", "POST /tenants/{tenant_id}/trust/preview"];
    for endpoint in ADMIN {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let reads = endpoint.method == "GET" || readers.contains(&name.as_str());
        assert_eq!(endpoint.access == Access::Admin, !reads, "{name}");
    }
    assert!(changes().count() > 10);
}
