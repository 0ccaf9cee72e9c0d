//! The server logs a warning if it accepts a login whose signature counter did not increase.

use doorward_authenticator::{Authenticator, Counter};
use doorward_testkit::{Person, process};

use crate::support;

#[tokio::test]
async fn accepted_counter_regression_is_logged_as_a_warning() {
    let data = tempfile::tempdir().unwrap();
    process::init(support::command(data.path()));
    let created = process::json({
        let mut command = support::command(data.path());
        command.args(["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--api-key", "--json"]);
        command.args(["--origin", doorward_testkit::ORIGIN, "--counter-policy", "record"]);
        command
    });
    let server = support::serve_with(support::command(data.path()));
    let tenant = server.tenant(created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());
    let authenticator = Authenticator::new().counter(Counter::Increasing).backup(true, true);
    let mut alice = Person::with("alice", authenticator);
    let _ = alice.register(&tenant).await.expect(200);
    let mut ids = Vec::new();
    for count in [9, 4] {
        let options = tenant.http.post("/login/initialize", &serde_json::json!({})).await.expect(200).json();
        let mut parts = alice.browser.get_parts(&mut alice.authenticator, &options).unwrap();
        parts.authenticator_data.sign_count = count;
        let body = parts.sign().unwrap().into_json();
        ids.push(tenant.http.post("/login/finalize", &body).await.expect(200).request_id().to_owned());
    }
    let log = server.terminate_and_read_log();
    let lines: Vec<_> = log.iter().filter(|line| line.contains("signature counter")).collect();
    assert_eq!(lines.len(), 1, "{log:?}");
    for part in ["WARN", &ids[1], created["id"].as_str().unwrap(), "stored", "9", "received", "4"] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
}
