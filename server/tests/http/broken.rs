//! Database errors while a server runs cause opaque 500 and 503 responses, never refusals, and lose no data.

use std::time::{Duration, Instant};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use doorward_shared::admin::Role;
use doorward_testkit::{Http, Person, Response, TestServer, database};

use crate::support::{Ceremony, server_with_tenant};

fn expect_opaque(response: &Response) {
    let details = "the server's log has the cause under this request's id";
    response.expect_error(500, "internal_error", "internal server error", details);
}

fn expect_unavailable(response: &Response) {
    let details = "the server cannot serve this request now; try again";
    response.expect_error(503, "unavailable", "service unavailable", details);
    assert_eq!(response.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn database_error_during_key_lookup_returns_500_not_401() {
    let (server, tenant) = server_with_tenant().await;
    let _ = tenant.http.get("/credentials").await.expect(200);
    server.sql("ALTER TABLE api_keys RENAME TO elsewhere").await;
    // The first node has the tenant in its cache.
    let _ = tenant.http.get("/credentials").await.expect(200);
    let other = server.second_node().await;
    let there = tenant.on(&other);
    for caller in [&there.http, &there.with_key("dw_nonsense"), &there.anonymous] {
        expect_opaque(&caller.get("/credentials").await);
    }
    expect_opaque(&there.anonymous.get("/.well-known/jwks.json").await);
    server.sql("ALTER TABLE elsewhere RENAME TO api_keys").await;
    let _ = there.http.get("/credentials").await.expect(200);
    assert_eq!(tenant.count("type=api_key_rejected").await, 0);
    other.stop().await;
}

#[tokio::test]
async fn missing_table_returns_opaque_500_in_every_ceremony() {
    let (server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        server.sql("ALTER TABLE credentials RENAME TO elsewhere").await;
        let start = tenant.http.post(&format!("{}/initialize", ceremony.path()), &ceremony.request(&person)).await;
        expect_opaque(&start);
        expect_opaque(&ceremony.finalize(&tenant, &body).await);
        server.sql("ALTER TABLE elsewhere RENAME TO credentials").await;
        // The failed requests had no effect.
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn nothing_is_committed_without_its_audit_entry() {
    let (server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let credentials = tenant.http.get("/credentials").await.expect(200).text;
        server.sql("ALTER TABLE audit_logs RENAME TO elsewhere").await;
        expect_opaque(&ceremony.finalize(&tenant, &body).await);
        // Requests that a working server would refuse (malformed body, missing key) also get a 500 response.
        expect_opaque(&ceremony.finalize_bytes(&tenant, b"{}".to_vec()).await);
        expect_opaque(&tenant.anonymous.get("/credentials").await);
        expect_opaque(&tenant.http.delete("/credentials/AAAA").await);
        expect_opaque(&tenant.http.get("/credentials/AAAA").await);
        server.sql("ALTER TABLE elsewhere RENAME TO audit_logs").await;
        assert_eq!(tenant.http.get("/credentials").await.expect(200).text, credentials);
        let _ = ceremony.finalize(&tenant, &body).await.expect(200);
    }
}

#[tokio::test]
async fn readiness_requests_share_one_check_per_second() {
    let (server, _tenant) = server_with_tenant().await;
    let root = Http::new(server.public_url.clone());
    let seconds = Instant::now();
    for _ in 0..100 {
        let _ = root.get("/health/ready").await.expect(200);
        let _ = root.get("/").await.expect(200);
    }
    for response in futures_util::future::join_all((0..50).map(|_| root.get("/health/ready"))).await {
        assert_eq!(response.status, 200);
    }
    // Each readiness check reads from the database once, and this test causes few other reads. The number of reads in
    // the metrics therefore shows that several requests share one check.
    let admin = server.admin("prometheus", Role::Metrics).await;
    let text = admin.get("/metrics").await.expect(200).text;
    let count = "doorward_database_queue_seconds_count{work=\"read\"} ";
    let reads: u64 = text.lines().find_map(|line| line.strip_prefix(count)).unwrap().parse().unwrap();
    assert!(reads <= seconds.elapsed().as_secs() + 10, "{reads} reads");
}

#[tokio::test]
async fn health_distinguishes_a_failing_database_from_a_dead_process() {
    let (server, tenant) = server_with_tenant().await;
    let root = Http::new(server.public_url.clone());
    let admin = Http::new(server.admin_url.clone());
    let _ = ready(&root, 200).await;
    server.sql("ALTER TABLE installation RENAME TO elsewhere").await;
    expect_unavailable(&ready(&root, 503).await);
    for caller in [&root, &admin] {
        assert_eq!(caller.get("/health/alive").await.expect(200).text, r#"{"alive":true}"#);
        expect_unavailable(&ready(caller, 503).await);
    }
    let page = root.get("/").await.expect(200).text;
    assert!(page.contains("waiting for its database"));
    server.sql("ALTER TABLE elsewhere RENAME TO installation").await;
    assert_eq!(ready(&root, 200).await.text, r#"{"ready":true}"#);
    let _ = tenant.http.get("/credentials").await.expect(200);
}

/// Waits until the readiness check returns the given status. Requests within the same second share one check.
async fn ready(caller: &Http, status: u16) -> Response {
    let start = Instant::now();
    loop {
        let response = caller.get("/health/ready").await;
        if response.status == status {
            return response;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{} instead of {status}", response.status);
    }
}

#[tokio::test]
async fn server_that_cannot_write_is_not_ready() {
    let (server, tenant) = server_with_tenant().await;
    let root = Http::new(server.public_url.clone());
    let _ = ready(&root, 200).await;
    // `break_writes` makes the write of the readiness check fail; reads still succeed.
    let (break_writes, repair) = if database::is_sqlite("a full disk") {
        (
            "CREATE TRIGGER full BEFORE INSERT ON installation BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
            "DROP TRIGGER full",
        )
    } else {
        (
            "ALTER TABLE installation ADD CONSTRAINT full_disk CHECK (name NOT LIKE 'readiness_check/%') NOT VALID",
            "ALTER TABLE installation DROP CONSTRAINT full_disk",
        )
    };
    server.sql(break_writes).await;
    expect_unavailable(&ready(&root, 503).await);
    let _ = tenant.http.get("/credentials").await.expect(200);
    server.sql(repair).await;
    let _ = ready(&root, 200).await;
}

#[tokio::test]
async fn ceremonies_do_not_begin_while_the_write_ahead_log_is_too_large() {
    if !database::is_sqlite("ceremonies_do_not_begin_while_the_write_ahead_log_is_too_large") {
        return;
    }
    let server = TestServer::builder().database_options(|options| options.wal_limit = 2 << 20).start().await;
    let tenant = server.tenant().await;
    let root = Http::new(server.public_url.clone());
    let _ = ready(&root, 200).await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let body = alice.mfa_assertion(&tenant).await;
    // While this reader is open, SQLite cannot truncate the write-ahead log.
    let mut reader = SqliteConnection::establish(server.database_url()).unwrap();
    reader.batch_execute("BEGIN; SELECT COUNT(*) FROM tenants").unwrap();
    server.sql("INSERT INTO installation VALUES ('big', hex(zeroblob(2097152)))").await;
    expect_unavailable(&ready(&root, 503).await);
    let user = serde_json::json!({ "user_id": "alice", "username": "alice" });
    for path in
        ["/login/initialize", "/mfa/login/initialize", "/registration/initialize", "/mfa/registration/initialize"]
    {
        expect_unavailable(&tenant.http.post(path, &user).await);
    }
    let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
    let metrics = server.admin("prometheus", Role::Auditor).await.get("/metrics").await.expect(200).text;
    let size = metrics.lines().find_map(|line| line.strip_prefix("doorward_sqlite_wal_bytes "));
    assert!(size.is_some_and(|bytes| bytes.parse::<u64>().unwrap() > 2 << 20), "{metrics}");
    // Now the file is truncated.
    reader.batch_execute("COMMIT").unwrap();
    let _ = ready(&root, 200).await;
}

/// A trigger simulates a full disk. When a disk is full, SQLite rolls back either only the failed statement or the
/// whole transaction. The test therefore raises the error with `ABORT`, with `FAIL` and with `ROLLBACK`.
#[tokio::test]
async fn full_disk_returns_503_without_data_loss() {
    if !database::is_sqlite("full_disk_returns_503_without_data_loss") {
        return;
    }
    let (server, tenant) = server_with_tenant().await;
    for (number, action) in ["ABORT", "FAIL", "ROLLBACK"].into_iter().enumerate() {
        let mut alice = Person::new(&format!("alice{number}"));
        let _ = alice.register_mfa(&tenant).await.expect(200);
        let body = alice.mfa_assertion(&tenant).await;
        let entries = tenant.count("").await;
        let full = format!(
            "CREATE TRIGGER full BEFORE INSERT ON audit_logs BEGIN SELECT RAISE({action}, 'database or disk is full'); END"
        );
        server.sql(&full).await;
        let writes = (0..8).map(|_| tenant.http.post("/mfa/login/finalize", &body));
        for response in futures_util::future::join_all(writes).await {
            expect_unavailable(&response);
        }
        let _ = tenant.http.get("/credentials").await.expect(200);
        server.sql("DROP TRIGGER full").await;
        assert_eq!(tenant.count("").await, entries);
        let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
    }
}
