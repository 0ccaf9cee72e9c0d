//! Metrics: their names, their labels, and the role for tokens that can read only metrics.

use doorward_server::{db::Engine, service::admin::metadata, webauthn::metadata_blob::Roots};
use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, mds};
use serde_json::json;

#[tokio::test]
async fn unknown_methods_share_one_label() {
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

#[tokio::test]
async fn metrics_describe_ceremonies_limits_database_caches_and_process() {
    let server = TestServer::builder().settings(|settings| settings.visits_per_address = Some(60)).start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let body = alice.mfa_assertion(&tenant).await;
    let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
    let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(401);
    while tenant.anonymous.post("/login/initialize", &json!({})).await.status != 429 {}
    let text = server.admin("prometheus", Role::Metrics).await.get("/metrics").await.expect(200).text;
    let finalize = "doorward_ceremonies_total{ceremony=\"mfa_login\",step=\"finalize\"";
    for expected in [
        &format!("{finalize},outcome=\"succeeded\"}} 1\n"),
        &format!("{finalize},outcome=\"refused\",code=\"challenge_unknown\"}} 1\n"),
        "doorward_rate_limited_total{limit=\"address\"} ",
        "doorward_database_queue_seconds_count{work=\"write\"} ",
        "doorward_database_commit_seconds_count ",
        "doorward_database_queued_units{queue=",
        "doorward_database_idle_threads{queue=",
        "doorward_database_bytes ",
        "doorward_cache_lookups_total{cache=\"tenants\",result=\"hit\"} ",
        "doorward_cache_lookups_total{cache=\"pending_ceremonies\",result=\"miss\"} ",
        "doorward_audit_entries_written_total ",
        concat!("doorward_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\",engine="),
        "doorward_http_request_seconds_count{method=\"POST\",route=",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    if cfg!(target_os = "linux") {
        for name in
            ["cpu_seconds_total", "resident_memory_bytes", "start_time_seconds", "open_fds", "max_fds", "threads"]
        {
            let prefix = format!("process_{name} ");
            let value =
                text.lines().find_map(|line| line.strip_prefix(&prefix)).and_then(|value| value.parse::<f64>().ok());
            assert!(value.is_some_and(|value| value > 0.0 || name == "cpu_seconds_total"), "{name}: {value:?}");
        }
    }
    // No label contains the id of a tenant or a user.
    assert!(!text.contains(&tenant.id.to_string()) && !text.contains("alice"), "{text}");
}

#[tokio::test]
async fn age_of_the_metadata_is_reported() {
    let server = TestServer::start().await;
    let metrics = server.admin("prometheus", Role::Metrics).await;
    let text = metrics.get("/metrics").await.expect(200).text;
    assert!(
        text.contains("doorward_metadata_overdue 0\n") && !text.contains("\ndoorward_metadata_age_seconds "),
        "{text}"
    );
    let roots = Roots::from_file(mds::ROOT).unwrap();
    let import = async |blob| metadata::import(&server.administrator(), blob, &roots, true).await.unwrap();
    assert!(import(mds::BLOB).await.is_some());
    server.clock.advance_ms(90_000);
    let text = metrics.get("/metrics").await.expect(200).text;
    assert!(
        text.contains("doorward_metadata_overdue 0\n") && text.contains("doorward_metadata_age_seconds 90\n"),
        "{text}"
    );
    assert!(import(mds::OUTDATED_BLOB).await.is_some());
    let text = metrics.get("/metrics").await.expect(200).text;
    assert!(
        text.contains("doorward_metadata_overdue 1\n") && text.contains("doorward_metadata_age_seconds 0\n"),
        "{text}"
    );
}

#[tokio::test]
async fn audit_entries_are_counted() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    for _ in 0..3 {
        let _ = tenant.anonymous.get("/credentials").await.expect(401);
    }
    doorward_server::service::scrape::count_audit_entries(&server.app).await.unwrap();
    let text = server.admin("prometheus", Role::Metrics).await.get("/metrics").await.expect(200).text;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().parse::<u64>().unwrap();
    assert!(value("doorward_audit_entries ") >= 3);
    assert!(value("doorward_audit_entries_written_total ") >= value("doorward_audit_entries "));
}

#[tokio::test]
async fn open_connections_are_counted_only_on_postgresql() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let _ = tenant.http.get("/credentials").await.expect(200);
    let text = server.admin("prometheus", Role::Metrics).await.get("/metrics").await.expect(200).text;
    let open = text.lines().find_map(|line| line.strip_prefix("doorward_database_connected "));
    let open = open.map(|value| value.parse::<usize>().unwrap());
    if server.app.db.engine() == Engine::Sqlite {
        assert_eq!(open, None);
    } else {
        // Each thread of the pool opens its connection when the server starts.
        assert!(open.is_some_and(|open| open > 1), "{open:?}");
    }
}
