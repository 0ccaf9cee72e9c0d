//! Requests during and after an outage of the database.

use std::time::Duration;

use doorward_server::{
    db::{Database, DatabaseOptions, DatabaseUrl, DbError},
    store::installation,
};
use doorward_testkit::{Http, Person, PostgresServer, Process, Response, TestServer, database, process, until_within};
use serde_json::json;

use crate::Nodes;

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
        let (response, elapsed) = until_within("the return of the database", RECOVERY, recovered).await;
        eprintln!("recovered {} ms after the return of the database", elapsed.as_millis());
        let _ = response.expect(200);
        // Requests within the same second share one readiness check.
        let ready = async || Some(health.get("/health/ready").await).filter(|one| one.status == 200);
        let _ = until_within("readiness", RECOVERY, ready).await;
        // Many concurrent requests succeed only when all connections are open again.
        until_within("every connection", RECOVERY, async || {
            let requests = (0..40).map(|_| tenant.http.get("/credentials"));
            let responses = futures_util::future::join_all(requests).await;
            responses.iter().all(|response| response.status == 200).then_some(())
        })
        .await;
    }
}

/// Maximum response time while the database is frozen: the time limit for starting a transaction, plus the time for one
/// connection attempt.
const FROZEN: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_database_delays_responses_for_a_limited_time() {
    let Some(postgres) = PostgresServer::start("a frozen database delays responses for a limited time") else { return };
    let node = TestServer::builder().database(postgres.url.clone()).start().await;
    let tenant = node.tenant().await;
    let health = Http::new(node.public_url.clone());
    let _ = tenant.http.get("/credentials").await.expect(200);
    postgres.freeze();
    for round in 0..3 {
        let start = std::time::Instant::now();
        let ready = async { (health.get("/health/ready").await.status, start.elapsed()) };
        let initialize = async {
            let response = tenant.anonymous.post("/login/initialize", &json!({})).await;
            (response, start.elapsed())
        };
        let ((status, ready_after), (response, response_after)) = tokio::join!(ready, initialize);
        assert_eq!(status, 503, "round {round}");
        assert!(ready_after < Duration::from_secs(2), "round {round}: {ready_after:?}");
        expect_unavailable(&response);
        assert!(response_after < FROZEN, "round {round}: {response_after:?}");
    }
    postgres.thaw();
    let served = async || (tenant.http.get("/credentials").await.status == 200).then_some(());
    until_within("the return of the database", RECOVERY, served).await;
    postgres.freeze();
    let start = std::time::Instant::now();
    node.app.db.close().await;
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    postgres.thaw();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_ends_in_time_while_the_database_is_frozen() {
    let Some(postgres) = PostgresServer::start("stop ends in time while the database is frozen") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut command = process::command(env!("CARGO_BIN_EXE_doorward"), folder.path(), &postgres.url);
    command.env("DOORWARD_SHUTDOWN_TIMEOUT", "2s");
    let server = Process::serve(command);
    let health = Http::new(server.public_url.clone());
    let _ = health.get("/health/ready").await.expect(200);
    postgres.freeze();
    let pending = tokio::spawn(async move { health.get("/health/ready").await });
    let took = tokio::task::spawn_blocking(move || server.terminate_timed()).await.unwrap();
    assert!(took < Duration::from_millis(3_800), "{took:?}");
    postgres.thaw();
    pending.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standby_is_refused_and_the_primary_is_found() {
    let Some(standby) = PostgresServer::start("a standby is refused and the primary is found") else { return };
    let primary = PostgresServer::start("a standby is refused and the primary is found").unwrap();
    standby.become_standby();
    let refused = Database::open(DatabaseOptions::new(DatabaseUrl::Postgres(standby.url.clone()))).await;
    assert!(matches!(refused, Err(DbError::Unavailable(_))), "{refused:?}");
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    let url = format!("postgres://postgres@{hosts}/postgres?sslmode=disable");
    let db = Database::open(DatabaseOptions::new(DatabaseUrl::Postgres(url))).await.unwrap();
    db.write(|connection| installation::put(connection, "a", "1"))
        .await
        .unwrap_or_else(|error: DbError| panic!("{error}"));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_does_not_wait_for_the_rows_of_another_node() {
    if !database::is_postgres("readiness_does_not_wait_for_the_rows_of_another_node") {
        return;
    }
    let Nodes { first, second, .. } = crate::nodes().await;
    let [first_url, second_url] = [&first, &second].map(|node| Http::new(node.public_url.clone()));
    let _ = first_url.get("/health/ready").await.expect(200);
    let (client, connection) = tokio_postgres::connect(first.database_url(), tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let lock = "BEGIN; SELECT FROM installation WHERE name LIKE 'readiness_check%' FOR UPDATE";
    client.batch_execute(lock).await.unwrap();
    let _ = second_url.get("/health/ready").await.expect(200);
    let left = "SELECT name AS value FROM installation WHERE name LIKE 'readiness_check%'";
    assert_eq!(database::texts(first.database_url(), left).await, [""; 0]);
    connection.abort();
}
