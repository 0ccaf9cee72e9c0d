//! Requests during and after an outage of the database.

use std::time::Duration;

use doorward_testkit::{Http, Person, PostgresServer, Response, TestServer};
use serde_json::json;

use crate::until;

/// Maximum time from the restart of the database until all requests succeed.
const RECOVERY: Duration = Duration::from_secs(5);

fn expect_unavailable(response: &Response) {
    response.expect_refusal(503, "unavailable");
    assert!(response.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{response:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_recover_from_a_database_outage() {
    let Some(postgres) = PostgresServer::start("requests recover from a database outage") else { return };
    let node = TestServer::builder().database(postgres.url.clone()).start().await;
    let tenant = node.tenant().await;
    let mut person = Person::new("alice");
    let _ = person.register(&tenant).await.expect(200);
    let health = Http::new(node.public_url.clone());
    for _ in 0..2 {
        let pending = person.mfa_assertion(&tenant).await;
        postgres.pause();
        for round in 0..20 {
            expect_unavailable(&tenant.http.post("/mfa/login/initialize", &json!({ "user_id": "alice" })).await);
            expect_unavailable(&tenant.http.post("/mfa/login/finalize", &pending).await);
            expect_unavailable(&tenant.anonymous.post("/login/initialize", &json!({})).await);
            expect_unavailable(&tenant.http.get("/audit_logs").await);
            expect_unavailable(&tenant.with_key("dw_wrong").get("/credentials").await);
            assert_eq!(health.get("/health/ready").await.status, 503, "round {round}");
            let _ = health.get("/health/alive").await.expect(200);
        }
        postgres.resume();
        let recovered =
            async || Some(tenant.http.post("/mfa/login/finalize", &pending).await).filter(|one| one.status != 503);
        let (response, elapsed) = until("the return of the database", RECOVERY, recovered).await;
        eprintln!("recovered {} ms after the return of the database", elapsed.as_millis());
        let _ = response.expect(200);
        let _ = health.get("/health/ready").await.expect(200);
        // When all connections are open again, many concurrent requests succeed.
        until("every connection", RECOVERY, async || {
            let requests = (0..40).map(|_| tenant.http.get("/credentials"));
            let responses = futures_util::future::join_all(requests).await;
            responses.iter().all(|response| response.status == 200).then_some(())
        })
        .await;
    }
}
