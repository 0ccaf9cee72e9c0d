//! What key hashing costs, and what happens when there is too much of it.

use std::time::{Duration, Instant};

use doorward_server::{crypto::HashCost, service::admin::api_keys};
use doorward_shared::{ApiKeyId, admin::Role};
use doorward_testkit::{Http, Person, Response, TestServer, TestTenant};
use futures_util::future::join_all;

use crate::request_id::{lines_of, log};

/// A figure of `/metrics`.
async fn figure(admin: &Http, name: &str) -> u64 {
    let text = admin.get("/metrics").await.expect(200).text;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap().parse().unwrap()
}

async fn hashes(admin: &Http) -> u64 {
    figure(admin, "doorward_key_hashes_total").await
}

/// The key with another secret.
fn wrong(tenant: &TestTenant, number: u32) -> String {
    let mut key = tenant.api_key.clone();
    key.replace_range(key.len() - 6.., &format!("{number:06}"));
    key
}

#[tokio::test]
async fn a_key_in_use_pays_one_hash_and_revocation_and_expiry_act_at_once() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("prometheus", Role::Auditor).await;
    let expires = server.app.clock.now().plus_millis(60_000);
    let (revoked, expiring) = (server.api_key(tenant.id, None).await, server.api_key(tenant.id, Some(expires)).await);
    let before = hashes(&admin).await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    assert_eq!(hashes(&admin).await - before, 1, "the first use of the key");
    for _ in 0..20 {
        let _ = alice.mfa_login(&tenant).await.expect(200);
        let _ = tenant.http.get("/credentials").await.expect(200);
    }
    let together = join_all((0..50).map(|_| tenant.http.get("/audit_logs"))).await;
    assert!(together.iter().all(|answer| answer.status == 200));
    assert_eq!(hashes(&admin).await - before, 1, "none of the others");

    for secret in [&revoked.secret, &expiring.secret] {
        let _ = tenant.with_key(secret).get("/credentials").await.expect(200);
    }
    let before = hashes(&admin).await;
    api_keys::revoke(&server.administrator(), tenant.id, ApiKeyId::new(revoked.id)).await.unwrap();
    tenant.with_key(&revoked.secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    server.clock.advance_ms(59_999);
    let _ = tenant.with_key(&expiring.secret).get("/credentials").await.expect(200);
    server.clock.advance_ms(1);
    tenant.with_key(&expiring.secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let stranger = format!("dw_{}_{}", "0".repeat(32), "A".repeat(32));
    tenant.with_key(&stranger).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    assert_eq!(hashes(&admin).await - before, 0, "neither revoked, nor expired, nor unknown keys are hashed");
}

#[tokio::test]
async fn a_full_queue_answers_503_while_known_keys_go_on() {
    let _ = log();
    let server = TestServer::builder()
        .settings(|settings| {
            settings.hash_queue = 1;
            settings.hash_cost = HashCost { memory_kib: 64 * 1024, passes: 4, lanes: 1 };
        })
        .start()
        .await;
    let tenant = server.tenant().await;
    let admin = server.admin("prometheus", Role::Auditor).await;
    let _ = tenant.http.get("/credentials").await.expect(200);
    let _ = admin.get("/metrics").await.expect(200);
    let flood = join_all((0..40).map(|number| {
        let caller = tenant.with_key(&wrong(&tenant, number));
        async move { caller.get("/credentials").await }
    }));
    let known = join_all((0..40).map(|_| tenant.http.get("/credentials")));
    let (flood, known): (Vec<Response>, Vec<Response>) = tokio::join!(flood, known);
    assert!(known.iter().all(|answer| answer.status == 200));
    let (refused, unserved): (Vec<_>, Vec<_>) = flood.iter().partition(|answer| answer.status == 401);
    assert!(!unserved.is_empty());
    for answer in &unserved {
        let details = "the server cannot serve this request now; try again";
        answer.expect_error(503, "unavailable", "service unavailable", details);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    // Whoever was not judged was not refused either.
    assert_eq!(tenant.count("type=api_key_rejected").await, refused.len() as u64);
    assert_eq!(figure(&admin, "doorward_key_hashes_refused_total").await, unserved.len() as u64);
    // The log tells of them together.
    let told: Vec<_> = unserved.iter().flat_map(|answer| lines_of(answer.request_id())).collect();
    assert!(!told.is_empty() && told.len() < unserved.len(), "{told:?}");
    assert!(told.iter().all(|line| line["level"] == "ERROR" && line["cause"] == "the key hashing queue is full"));
    let left_out: u64 = told.iter().map(|line| line["left_out"].as_u64().unwrap()).sum();
    let rest = server.app.overloads.rest(Instant::now() + Duration::from_secs(1)).unwrap_or(0);
    assert_eq!(told.len() as u64 + left_out + rest, unserved.len() as u64);
    tenant.with_key(&wrong(&tenant, 41)).get("/credentials").await.expect_refusal(401, "api_key_invalid");
}

#[tokio::test]
async fn whoever_tries_keys_waits_for_each_answer() {
    const DELAY: Duration = Duration::from_millis(300);
    let server = TestServer::builder()
        .settings(|settings| {
            settings.wrong_key_delay = DELAY;
            // One wrong key a minute.
            settings.visits_per_address = Some(1);
        })
        .start()
        .await;
    let tenant = server.tenant().await;
    let _ = tenant.http.get("/credentials").await.expect(200);
    for (number, status, code) in [(0, 401, "api_key_invalid"), (1, 429, "rate_limited")] {
        let begin = Instant::now();
        tenant.with_key(&wrong(&tenant, number)).get("/credentials").await.expect_refusal(status, code);
        assert!(begin.elapsed() >= DELAY, "{:?}", begin.elapsed());
    }
    // A good one does not, though others wait.
    let begin = Instant::now();
    let wrong = wrong(&tenant, 2);
    let guesser = tenant.with_key(&wrong);
    let (_, good) = tokio::join!(guesser.get("/credentials"), async {
        let good = tenant.http.get("/credentials").await;
        (good.status, begin.elapsed() < DELAY)
    });
    assert_eq!(good, (200, true));
}

#[tokio::test]
async fn invented_methods_make_no_figures() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("prometheus", Role::Auditor).await;
    for number in 0..10 {
        let method = format!("INVENTED{number}").parse().unwrap();
        tenant.anonymous.send(method, "/credentials", None).await.expect_refusal(405, "method_not_allowed");
    }
    let text = admin.get("/metrics").await.expect(200).text;
    assert!(!text.contains("INVENTED"), "{text}");
    let line = text.lines().find(|line| line.contains("method=\"other\"") && line.contains("status=\"405\""));
    assert!(line.is_some_and(|line| line.ends_with(" 10")), "{text}");
}
