//! Who may call: every row of the admin API's table, with every kind of wrong token.

use std::time::{Duration, Instant};

use doorward_server::{
    routes::{ADMIN, Access},
    service::admin::admin_tokens,
};
use doorward_shared::{
    AdminTokenId, TenantId, Timestamp,
    admin::{CreateAdminTokenRequest, CreatedSecret},
};
use doorward_testkit::{Http, TestServer};
use tokio::time::timeout;

use super::setting::{Setting, changes, guarded};

async fn token(server: &TestServer, name: &str, expires_at: Option<Timestamp>) -> CreatedSecret {
    let request = CreateAdminTokenRequest { name: Some(name.to_owned()), role: None, expires_at };
    admin_tokens::create(&server.administrator(), request).await.unwrap()
}

fn bearer(server: &TestServer, token: &str) -> Http {
    Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {token}"))
}

/// Every endpoint that needs a token refuses this caller, and leaves one row in the installation's log.
async fn expect_shut(setting: &Setting, caller: &Http, reason: &str) {
    for endpoint in guarded() {
        let answer = setting.call(caller, endpoint).await;
        let title = "The admin token is missing or invalid";
        answer.expect_error(401, "admin_token_invalid", title, "");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        let entries = setting.entries(&answer).await;
        assert_eq!(entries.len(), 1, "{} {}: {entries:?}", endpoint.method, endpoint.path);
        assert_eq!(entries[0]["type"], "admin_token_rejected");
        assert_eq!(entries[0]["tenant_id"], TenantId::INSTALLATION.to_string());
        assert_eq!(entries[0]["error"], reason);
        assert_eq!(entries[0]["error_code"], "admin_token_invalid");
        assert_eq!(entries[0]["meta_source_ip"], "127.0.0.1");
    }
}

#[tokio::test]
async fn endpoints_are_shut_without_a_good_token() {
    let setting = Setting::new().await;
    let server = &setting.server;
    let before = setting.state().await;
    let anonymous = Http::new(server.admin_url.clone());
    expect_shut(&setting, &anonymous, "the request carries no admin token").await;
    let malformed = "the admin token has not the form dwa_<token id>_<secret>";
    // A tenant's key opens nothing here, whichever way it is shown.
    let key = setting.one.tenant.api_key.clone();
    expect_shut(&setting, &bearer(server, &key), malformed).await;
    expect_shut(&setting, &anonymous.clone().header("apiKey", &key), "the request carries no admin token").await;
    let good = token(server, "good", None).await;
    let basic = anonymous.clone().header("Authorization", &format!("Basic {}", good.secret));
    expect_shut(&setting, &basic, "the request carries no admin token").await;
    let mut wrong = good.secret.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    expect_shut(&setting, &bearer(server, &wrong), "the admin token's secret is wrong").await;
    let expiring = token(server, "expiring", Some(server.app.clock.now().plus_millis(1_000))).await;
    let _ = bearer(server, &expiring.secret).get("/me").await.expect(200);
    server.clock.advance_ms(1_000);
    expect_shut(&setting, &bearer(server, &expiring.secret), "the admin token has expired").await;
    let revoked = token(server, "revoked", None).await;
    let _ = bearer(server, &revoked.secret).get("/me").await.expect(200);
    for id in [expiring.id, revoked.id] {
        admin_tokens::revoke(&server.administrator(), AdminTokenId::new(id)).await.unwrap();
    }
    let unknown = "there is no such admin token, or it was revoked";
    expect_shut(&setting, &bearer(server, &revoked.secret), unknown).await;
    let _ = bearer(server, &good.secret).get("/me").await.expect(200);
    admin_tokens::revoke(&server.administrator(), AdminTokenId::new(good.id)).await.unwrap();
    assert_eq!(setting.state().await, before);
}

#[tokio::test]
async fn auditors_read_everything_and_change_nothing() {
    let setting = Setting::new().await;
    let before = setting.state().await;
    for endpoint in guarded() {
        let answer = setting.call(&setting.auditor, endpoint).await;
        if endpoint.access == Access::Auditor {
            assert_eq!(answer.status, 200, "{} {}: {}", endpoint.method, endpoint.path, answer.text);
            assert_eq!(setting.entries(&answer).await.len(), 0, "{} {}", endpoint.method, endpoint.path);
            continue;
        }
        answer.expect_refusal(403, "forbidden");
        let entries = setting.entries(&answer).await;
        assert_eq!(entries.len(), 1, "{} {}", endpoint.method, endpoint.path);
        let found = (&entries[0]["type"], &entries[0]["actor_user_id"], &entries[0]["error_code"]);
        assert_eq!(found, (&"admin_token_rejected".into(), &"audit".into(), &"forbidden".into()));
    }
    assert_eq!(setting.state().await, before);
}

#[tokio::test]
async fn what_a_tenant_has_is_not_reached_through_another() {
    let setting = Setting::new().await;
    let before = setting.state().await;
    let mut calls = 0;
    for endpoint in guarded().filter(|endpoint| endpoint.path.contains("{tenant_id}")) {
        // Ids of the other tenant behind the path of the first.
        let inner = ["{secret_id}", "{credential_id}"].iter().any(|name| endpoint.path.contains(name));
        if inner {
            let answer = setting.call_for(&setting.admin, endpoint, &setting.one, &setting.other).await;
            assert_eq!(answer.status, 404, "{} {}: {}", endpoint.method, endpoint.path, answer.text);
            assert_eq!(setting.entries(&answer).await.len(), 0);
            calls += 1;
        }
        // No tenant at all, the installation's own id among them; and nonsense.
        for (id, status, code) in
            [("00000000-0000-4000-8000-000000000001", 404, "tenant_not_found"), ("nonsense", 400, "tenant_id_invalid")]
        {
            let one = setting.one.tenant.id.to_string();
            let path = setting.path(endpoint, &setting.one, &setting.one).replacen(&one, id, 1);
            let answer = setting.admin.send(super::setting::method(endpoint), &path, Some(b"{}".to_vec())).await;
            // A body that says nothing may be refused first.
            if answer.field("code") != "validation_failed" && answer.field("code") != "body_malformed" {
                answer.expect_refusal(status, code);
            }
            assert!(answer.status >= 400, "{} {path}", endpoint.method);
            assert_eq!(setting.entries(&answer).await.len(), 0, "{} {path}", endpoint.method);
        }
    }
    assert_eq!(calls, 3);
    assert_eq!(setting.state().await, before);
}

#[tokio::test]
async fn whoever_guesses_waits() {
    let server =
        TestServer::builder().settings(|settings| settings.wrong_key_delay = Duration::from_millis(300)).start().await;
    let good = token(&server, "good", None).await;
    let begin = Instant::now();
    bearer(&server, "dwa_nonsense").get("/me").await.expect_refusal(401, "admin_token_invalid");
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
    let _ = bearer(&server, &good.secret).get("/me").await.expect(200);
}

#[tokio::test]
async fn a_flood_of_wrong_tokens_fills_no_log_and_shuts_nobody_out() {
    let server = TestServer::builder()
        .settings(|settings| {
            settings.visits_per_address = Some(60);
            // Whoever waited this long for a 429 would fail the test.
            settings.wrong_key_delay = Duration::from_secs(600);
        })
        .start()
        .await;
    let good = token(&server, "good", None).await;
    let mut wrong = good.secret.clone();
    wrong.replace_range(wrong.len() - 4.., "AAAA");
    let guessers = [bearer(&server, "dwa_nonsense"), bearer(&server, &wrong), Http::new(server.admin_url.clone())];
    let mut flood = tokio::task::JoinSet::new();
    for number in 0..60 {
        let guesser = guessers[number % guessers.len()].clone();
        flood.spawn(async move { guesser.get("/me").await });
    }
    // A tenth of a minute's worth waits for its refusal; everybody else hears at once that it was too often.
    for _ in 0..50 {
        let answer = timeout(Duration::from_secs(60), flood.join_next()).await.expect("an answer at once");
        let answer = answer.unwrap().unwrap();
        answer.expect_refusal(429, "rate_limited");
        assert_ne!(answer.header("retry-after"), None);
    }
    let admin = bearer(&server, &good.secret);
    for _ in 0..20 {
        let _ = admin.get("/me").await.expect(200);
    }
    let rows = admin.get("/audit_logs?type=admin_token_rejected").await.expect(200).json();
    assert!((6..=10).contains(&rows.as_array().unwrap().len()), "{rows}");
}

#[test]
fn all_that_is_no_reading_needs_an_administrator() {
    let readers = ["GET /me", "POST /config/check"];
    for endpoint in ADMIN {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let reads = endpoint.method == "GET" || readers.contains(&name.as_str());
        assert_eq!(endpoint.access == Access::Admin, !reads, "{name}");
    }
    assert!(changes().count() > 10);
}
