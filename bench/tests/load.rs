//! Runs the load generator against real servers and against a faulty one.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use doorward_bench::{
    load::{self, LoadError, Options, Report},
    seed::{self, Plan, SeedJob},
};
use doorward_testkit::{TestServer, database};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

fn options(arguments: &[&str]) -> Options {
    // The run ends after a number of ceremonies. In a fixed time, a slow machine would complete too few of them.
    let bounds = ["--duration", "60", "--warm-up", "0", "--clients", "4", "--ceremonies", "20"];
    Options::from_arguments(bounds.iter().chain(arguments).copied()).unwrap()
}

async fn run(arguments: &[&str]) -> (Report, Value) {
    let report = load::run(&options(arguments)).await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    (report, json)
}

fn requests(json: &Value, name: &str) -> u64 {
    let endpoints = json["phases"][0]["endpoints"].as_array().unwrap();
    endpoints.iter().find(|endpoint| endpoint["name"] == name).unwrap()["count"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registered_users_complete_every_ceremony() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let (id, pid) = (tenant.id.to_string(), std::process::id().to_string());
    let target = ["--url", &server.public_url, "--tenant", &id, "--api-key", &tenant.api_key];
    let known = [&target[..], &["--origin", doorward_testkit::ORIGIN, "--pid", &pid]].concat();
    for (mode, kind) in [
        ("mfa", "mfa_authentication_final_succeeded"),
        ("login", "webauthn_authentication_final_succeeded"),
        ("transaction", "webauthn_transaction_final_succeeded"),
    ] {
        let (report, json) = run(&[&[mode], &known[..]].concat()).await;
        assert!(report.ok, "{report}");
        // Each of the 4 clients may complete a ceremony that had already started.
        let ceremonies = json["phases"][0]["ceremonies"].as_u64().unwrap();
        assert!((20..=24).contains(&ceremonies), "{report}");
        assert_eq!(tenant.count(&format!("type={kind}")).await, ceremonies);
        let cost = json["phases"][0]["server_cost"]["per_ceremony_us"].as_f64().unwrap();
        assert!(cost > 0.0 && report.to_string().contains("per ceremony"), "{report}");
    }
    let (report, json) = run(&[&["replay", "--replays", "6"], &known[..]].concat()).await;
    assert!(report.ok, "{report}");
    let rounds = json["phases"][0]["ceremonies"].as_u64().unwrap();
    assert_eq!(json["phases"][0]["rejected_replays"], rounds * 5);
    assert_eq!(requests(&json, "mfa/login/finalize"), rounds * 6);
    let by_user = run(&[&["login", "--by-user", "--rate", "500"], &known[..]].concat()).await;
    assert!(by_user.0.ok, "{}", by_user.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seeded_users_log_in_on_any_node() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let until = 1_790_000_000_000;
    let plan = Plan { seed: 3, tenants: 9, users: 40, rows: 200, days: 5, until, hostile: true };
    let place = url.parse().unwrap();
    let job = SeedJob { plan, data_dir: folder.path().to_path_buf(), database: place, append: false };
    let made = seed::run(job, |_| ()).await.unwrap();
    let file = folder.path().join("seeded.json");
    made.seeded.save(&file).unwrap();
    let one = TestServer::builder().data_dir(folder.path().to_path_buf()).database(url).start().await;
    let two = one.second_node().await;
    let nodes =
        ["--url", &one.public_url, "--url", &two.public_url, "--seeded", file.to_str().unwrap(), "--users", "18"];
    for mode in ["mfa", "login", "transaction", "replay"] {
        let (report, _) = run(&[&[mode], &nodes[..]].concat()).await;
        assert!(report.ok, "{report}");
    }
    // The users cover every tenant and every kind of user id.
    let spread = run(&[&["mfa", "--tenants", "9", "--ceremonies", "60"], &nodes[..]].concat()).await;
    assert!(spread.0.ok, "{}", spread.0);
    let busy = "SELECT DISTINCT tenant_id AS value FROM audit_logs WHERE type = 'mfa_authentication_final_succeeded' \
                AND created_at >= 1790000000000";
    let place = database::texts(one.database_url(), busy).await;
    assert_eq!(place.len(), 9);
    two.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_keys_are_sent_during_logins_and_are_rejected() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let id = tenant.id.to_string();
    let target = ["--url", &server.public_url, "--tenant", &id, "--api-key", &tenant.api_key];
    let known = [&target[..], &["--origin", doorward_testkit::ORIGIN]].concat();
    let (report, json) = run(&[&["mfa", "--wrong-keys", "5"], &known[..]].concat()).await;
    assert!(report.ok, "{report}");
    assert_eq!(json["phases"].as_array().unwrap().len(), 2);
    let flood = &json["phases"][1]["wrong_keys"];
    let responses = flood["responses"].as_array().unwrap();
    assert!(responses.iter().any(|response| response["status"] == 401), "{flood}");
    assert!(responses.iter().all(|response| [401, 503].contains(&response["status"].as_u64().unwrap())), "{flood}");
    assert_eq!(flood["accepted"], 0);
    assert!(json["p99_ratio_under_wrong_keys"].as_f64().unwrap() > 0.0);
    assert!(tenant.count("type=api_key_rejected").await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_setup_is_reported_before_the_run() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let id = tenant.id.to_string();
    let target = ["--url", &server.public_url, "--tenant", &id];
    // Registration fails with a wrong key, so the run does not start.
    let wrong = [&["mfa", "--api-key", "wrong"], &target[..]].concat();
    let refused = load::run(&options(&wrong)).await.unwrap_err();
    assert!(refused.to_string().contains("api_key_invalid"), "{refused}");
    assert!(matches!(load::run(&options(&["mfa", "--seeded", "/nowhere"])).await, Err(LoadError::Seeded(_))));
    let remote = options(&["mfa", "--seeded", "/nowhere", "--url", "http://192.0.2.1"]);
    assert!(matches!(load::run(&remote).await, Err(LoadError::Remote(_))));
    let no_process = options(&["mfa", "--seeded", "/nowhere", "--pid", "4294967295"]);
    assert!(matches!(load::run(&no_process).await, Err(LoadError::Process { .. })));
}

/// Starts a server that accepts every request and sends the given response (`status|body`) to a finalize request.
async fn fake_server(finalize: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut received = Vec::new();
                while stream.read_buf(&mut received).await.is_ok_and(|read| read > 0) {
                    // The body ends the request.
                    if !received.ends_with(b"}") {
                        continue;
                    }
                    let text = String::from_utf8_lossy(&received).into_owned();
                    received.clear();
                    let initialize = r#"{"publicKey":{"rp":{"id":"example.com","name":"E"},"user":{"id":"QQ","name":"a","displayName":"a"},"challenge":"QUFB","pubKeyCredParams":[{"type":"public-key","alg":-7}]}}"#;
                    let (status, body) = match text.contains("/initialize ") {
                        true => ("200 OK", initialize),
                        false if text.contains("/registration/") => ("200 OK", r#"{"token":"a.b.c"}"#),
                        false => finalize.split_once('|').unwrap(),
                    };
                    let response = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(response.as_bytes()).await.unwrap();
                }
            });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_tokens_missing_tokens_and_errors_are_reported() {
    for (finalize, mode, found) in [
        (r#"200 OK|{"token":"a.b.c"}"#, "replay", "/phases/0/second_tokens"),
        (r#"401 Unauthorized|{"code":"challenge_unknown"}"#, "replay", "/phases/0/challenges_without_token"),
        (r#"500 Broken|{"code":"internal_error"}"#, "mfa", "/phases/0/errors/0/count"),
        (r#"503 Busy|"#, "replay", "/phases/0/errors/0/count"),
        (r#"200 OK|{"tokens":[]}"#, "mfa", "/phases/0/errors/0/count"),
        (r#"200 OK|{"token":""}"#, "mfa", "/phases/0/errors/0/count"),
    ] {
        let url = fake_server(finalize).await;
        let arguments =
            ["--url", &url, "--tenant", "t", "--api-key", "k", "--replays", "3", "--clients", "1", "--ceremonies", "2"];
        let (report, json) = run(&[&[mode], &arguments[..]].concat()).await;
        assert!(!report.ok && report.to_string().contains("NOT OK"), "{finalize}: {report}");
        assert!(json.pointer(found).and_then(Value::as_u64).unwrap() > 0, "{finalize}: {json}");
    }
    let url = fake_server(r#"200 OK|{"token":"a.b.c"}"#).await;
    let (report, _) = run(&["mfa", "--url", &url, "--tenant", "t", "--api-key", "k"]).await;
    assert!(report.ok, "{report}");
}
