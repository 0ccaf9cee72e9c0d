//! Runs the probe against a server behind a proxy that changes some responses.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::{net::TcpListener, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, http::StatusCode, web};
use doorward_server::{
    clock::{Clock as _, SystemClock},
    jobs::{self, ProbePlan},
    probe::{self, Step, Target},
};
use doorward_shared::admin::Role;
use doorward_testkit::{Http, ORIGIN, Process, TestServer, TestTenant, until};
use serde_json::Value;

/// Change that the proxy makes to requests or responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    /// Replaces the signature of tokens.
    TokenSignature,
    /// Publishes the keys of another tenant.
    OtherKeys,
    /// Refuses to delete the user.
    NoCleanUp,
    /// Redirects all requests.
    Redirect,
}

#[derive(Clone)]
struct Proxy {
    change: Change,
    server: String,
    tenant: String,
    other_tenant: String,
    client: reqwest::Client,
}

async fn forward(proxy: web::Data<Proxy>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let path = request.uri().to_string();
    if proxy.change == Change::Redirect {
        return HttpResponse::TemporaryRedirect()
            .insert_header(("Location", format!("{}{path}", proxy.server)))
            .finish();
    }
    if proxy.change == Change::NoCleanUp && request.method() == "DELETE" {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let path = match proxy.change {
        Change::OtherKeys if path.ends_with("jwks.json") => path.replace(&proxy.tenant, &proxy.other_tenant),
        _ => path,
    };
    let method = request.method().as_str().parse().unwrap();
    let mut forwarded = proxy.client.request(method, format!("{}{path}", proxy.server)).body(body);
    for name in ["apiKey", "content-type"] {
        if let Some(value) = request.headers().get(name) {
            forwarded = forwarded.header(name, value.to_str().unwrap());
        }
    }
    let response = forwarded.send().await.unwrap();
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap();
    let text = response.text().await.unwrap();
    let text = match serde_json::from_str::<Value>(&text) {
        Ok(body) if proxy.change == Change::TokenSignature && body["token"].is_string() => {
            let (signed, signature) = body["token"].as_str().unwrap().rsplit_once('.').unwrap();
            let first = if signature.starts_with('A') { "B" } else { "A" };
            serde_json::json!({ "token": format!("{signed}.{first}{}", &signature[1..]) }).to_string()
        }
        _ => text,
    };
    HttpResponse::build(status).content_type("application/json").body(text)
}

/// Starts a server whose clock shows the current time, because the probe checks the times in tokens.
async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.clock.advance_ms(SystemClock.now().millis() - server.clock.now().millis());
    server
}

/// Probes a server through the proxy and returns the steps.
async fn run(server: &TestServer, tenant: &TestTenant, change: Change) -> Vec<Step> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let proxy = web::Data::new(Proxy {
        change,
        server: server.public_url.clone(),
        tenant: tenant.id.to_string(),
        other_tenant: server.tenant().await.id.to_string(),
        client: reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap(),
    });
    let app = move || App::new().app_data(proxy.clone()).default_service(web::to(forward));
    let running = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = running.handle();
    tokio::spawn(running);
    let target = Target {
        url,
        tenant: tenant.id.to_string(),
        api_key: tenant.api_key.clone(),
        origin: Some(ORIGIN.to_owned()),
        issuer: server.app.settings.issuer.clone(),
        keep: false,
    };
    let steps = probe::run(&target, &mut |_| ()).await.unwrap();
    handle.stop(false).await;
    steps
}

/// Returns the names and details of the failed steps.
fn failed(steps: &[Step]) -> Vec<(&str, &str)> {
    steps.iter().filter(|step| !step.ok).map(|step| (step.name, step.detail.as_str())).collect()
}

#[tokio::test]
async fn probe_leaves_only_audit_entries() {
    let server = server().await;
    let tenant = server.tenant().await;
    let steps = run(&server, &tenant, Change::None).await;
    assert_eq!(failed(&steps), []);
    assert_eq!(tenant.http.get("/credentials").await.expect(200).json(), serde_json::json!([]));
    assert_eq!(tenant.count("type=webauthn_user_deleted").await, 1);
    for table in ["users", "credentials", "transactions", "challenges"] {
        let query = format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {table}");
        assert_eq!(doorward_testkit::database::texts(server.database_url(), &query).await, ["0"], "{table}");
    }
}

#[tokio::test]
async fn invalid_tokens_and_unpublished_keys_fail_the_probe() {
    let server = server().await;
    let tenant = server.tenant().await;
    for (change, reason) in [
        (Change::TokenSignature, "its signature does not verify"),
        (Change::OtherKeys, "its key is not in the tenant's JWKS"),
    ] {
        let steps = run(&server, &tenant, change).await;
        let failed = failed(&steps);
        assert_eq!((failed.len(), failed[0].0), (1, "second factor registered"), "{change:?}: {failed:?}");
        assert!(failed[0].1.contains(reason), "{change:?}: {failed:?}");
    }
}

#[tokio::test]
async fn failed_clean_up_fails_the_probe() {
    let server = server().await;
    let tenant = server.tenant().await;
    let steps = run(&server, &tenant, Change::NoCleanUp).await;
    assert_eq!(failed(&steps), [("user deleted", "HTTP 503: expected HTTP 204")]);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let steps = run(&server, &tenant, Change::Redirect).await;
    assert_eq!(failed(&steps), [("signing keys are published", "HTTP 307: expected HTTP 200")]);
    assert_eq!(tenant.count("").await, 3, "the server received no request");
}

/// Returns the status of the deep readiness check.
async fn deep_status(server: &Process) -> u16 {
    Http::new(server.public_url.clone()).get("/health/ready?deep=1").await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scheduled_probe_is_visible() {
    let data = tempfile::tempdir().unwrap();
    let (url, _database) = doorward_testkit::database::for_test(data.path()).await;
    let command = || doorward_testkit::process::command(env!("CARGO_BIN_EXE_doorward"), data.path(), &url);
    doorward_testkit::process::init(command());
    let mut create = command();
    create.args(["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--api-key", "--json"]);
    create.args(["--origin", ORIGIN]);
    let created = doorward_testkit::process::json(create);
    let (tenant, key) = (created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());
    let keys = data.path().join("probe.keys");
    let serve = |origin: &str| {
        std::fs::write(&keys, format!("{tenant} {key} {origin}\n")).unwrap();
        let mut command = command();
        command.env("DOORWARD_PROBE_EVERY", "1s").env("DOORWARD_PROBE_KEYS_FILE", &keys);
        Process::serve(command)
    };
    let token = std::fs::read_to_string(data.path().join("admin.token")).unwrap();
    let metrics = async |server: &Process| {
        let admin = Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {}", token.trim()));
        admin.get("/metrics").await.expect(200).text
    };
    let success = format!("doorward_probe_success{{tenant=\"{tenant}\"}}");

    let server = serve(ORIGIN);
    until("the probe succeeds", async || metrics(&server).await.contains(&format!("{success} 1"))).await;
    assert_eq!(deep_status(&server).await, 200);
    server.terminate();

    let server = serve("https://elsewhere.example");
    until("the probe fails", async || metrics(&server).await.contains(&format!("{success} 0"))).await;
    assert_eq!(deep_status(&server).await, 503);
    let wrong = Http::new(server.public_url.clone()).get("/health/ready?deep=true").await;
    wrong.expect_refusal(400, "query_invalid");
    assert_eq!(Http::new(server.public_url.clone()).get("/health/ready").await.status, 200);
    let log = server.terminate_and_read_log();
    let line = log.iter().find(|line| line.contains("scheduled probe failed")).expect("a log line");
    assert!(line.contains("second factor registered") && !line.contains(key), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_probe_begins_while_the_server_stops() {
    let server = server().await;
    let tenant = server.tenant().await;
    server.app.begin_stop();
    let target = Target {
        url: server.public_url.clone(),
        tenant: tenant.id.to_string(),
        api_key: tenant.api_key.clone(),
        origin: Some(ORIGIN.to_owned()),
        issuer: server.app.settings.issuer.clone(),
        keep: false,
    };
    let plan = ProbePlan { every: Duration::from_secs(3_600), targets: vec![target] };
    let _probes = jobs::start_probes(&server.app, plan);
    let ended = "doorward_job_runs_total{job=\"scheduled probe\",outcome=\"succeeded\"} 1";
    let metrics = server.admin("prometheus", Role::Metrics).await;
    until("the job ends", async || metrics.get("/metrics").await.expect(200).text.contains(ended)).await;
    assert_eq!(tenant.count("type=webauthn_user_deleted").await, 0, "nothing was probed");
}
