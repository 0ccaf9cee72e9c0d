//! The database goes away and comes back.

use std::time::Duration;

use doorward_testkit::{Http, Person, PostgresServer, Response, TestServer};
use serde_json::json;

use crate::until;

/// Within this time of its return everything works again.
const RECOVERY: Duration = Duration::from_secs(5);

fn unavailable(answer: &Response) {
    answer.expect_refusal(503, "unavailable");
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_wait_out_a_database_that_is_down() {
    let Some(postgres) = PostgresServer::start("requests wait out a database that is down") else { return };
    let node = TestServer::builder().database(postgres.url.clone()).start().await;
    let tenant = node.tenant().await;
    let mut person = Person::new("alice");
    let _ = person.register(&tenant).await.expect(200);
    let health = Http::new(node.public_url.clone());
    for _ in 0..2 {
        let begun = person.mfa_assertion(&tenant).await;
        postgres.pause();
        for round in 0..20 {
            unavailable(&tenant.http.post("/mfa/login/initialize", &json!({ "user_id": "alice" })).await);
            unavailable(&tenant.http.post("/mfa/login/finalize", &begun).await);
            unavailable(&tenant.anonymous.post("/login/initialize", &json!({})).await);
            unavailable(&tenant.http.get("/audit_logs").await);
            unavailable(&tenant.with_key("dw_wrong").get("/credentials").await);
            assert_eq!(health.get("/health/ready").await.status, 503, "round {round}");
            let _ = health.get("/health/alive").await.expect(200);
        }
        postgres.resume();
        let answered =
            async || Some(tenant.http.post("/mfa/login/finalize", &begun).await).filter(|one| one.status != 503);
        let (answer, took) = until("the database's return", RECOVERY, answered).await;
        eprintln!("recovered {} ms after the server's return", took.as_millis());
        let _ = answer.expect(200);
        let _ = health.get("/health/ready").await.expect(200);
        // Soon every connection is back: none of many requests at once is refused.
        until("every connection", RECOVERY, async || {
            let requests = (0..40).map(|_| tenant.http.get("/credentials"));
            let answers = futures_util::future::join_all(requests).await;
            answers.iter().all(|answer| answer.status == 200).then_some(())
        })
        .await;
    }
}
