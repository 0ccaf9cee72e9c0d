//! Runs the binary as operators and scripts do.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failure is a failed test")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use serde_json::Value;

/// Returns a command that runs the binary. Its environment contains only these settings.
fn doorward(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    command.env_clear().env("DOORWARD_DATA_DIR", data).env("DOORWARD_DRAIN", "0s").env("USER", "operator");
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    doorward(data).args(arguments).output().expect("the binary runs")
}

fn json(data: &Path, arguments: &[&str]) -> Value {
    let output = run(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn refused(data: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(data, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

/// A running quickstart on free ports. It is killed on drop.
struct Quickstart {
    process: Child,
    started: Value,
    _stdout: BufReader<ChildStdout>,
}

impl Quickstart {
    fn start(data: &Path) -> Self {
        let addresses = ["--public-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--demo-addr", "127.0.0.1:0"];
        let mut process = doorward(data)
            .args(["quickstart", "--json"])
            .args(addresses)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let started = serde_json::from_str(&line).expect("one line of JSON");
        Self { process, started, _stdout: stdout }
    }

    fn text(&self, name: &str) -> String {
        self.started.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Stops the process with SIGTERM, as a service manager does.
    fn terminate(mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success(), "exits with 0 after SIGTERM");
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        // Both calls have no effect if the test has already stopped the process.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn probe(quickstart: &Quickstart, key: &str, data: &Path) -> Output {
    let (url, origin) = (quickstart.text("public_url"), quickstart.text("demo_url"));
    let tenant = quickstart.text("tenant_id");
    let arguments = ["probe", "--json", "--url", &url, "--tenant", &tenant, "--origin", &origin];
    doorward(data).args(arguments).env("DOORWARD_API_KEY", key).output().unwrap()
}

#[test]
fn quickstart_serves_ceremonies_and_keeps_data_over_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Quickstart::start(&data);
    let (tenant, key) = (first.text("tenant_id"), first.text("api_key"));
    for name in ["doorward.db", "master.key", "admin.token"] {
        let mode = fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    let good = probe(&first, &key, &data);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
    let bad = probe(&first, "dw_wrong", &data);
    assert_eq!(bad.status.code(), Some(1));
    first.terminate();
    let second = Quickstart::start(&data);
    assert_eq!(second.text("tenant_id"), tenant);
    assert_eq!(second.text("api_key"), "", "the key is printed only once");
    let again = probe(&second, &key, &data);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
}

#[test]
fn running_server_applies_cli_changes_immediately() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Quickstart::start(data);
    let tenant = server.text("tenant_id");
    let made = json(data, &["api-key", "create", "--tenant", &tenant, "--name", "second", "--json"]);
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert!(probe(&server, secret, data).status.success(), "a new key works");
    let done = json(data, &["api-key", "revoke", "--tenant", &tenant, id, "--json"]);
    assert_eq!(done["done"], true);
    assert_eq!(probe(&server, secret, data).status.code(), Some(1), "a revoked key is rejected");
    let keys = json(data, &["api-key", "list", "--tenant", &tenant, "--json"]);
    assert_eq!(keys.as_array().unwrap().len(), 1);
    assert!(!keys.to_string().contains("secret"));
}

#[test]
fn tenants_and_tokens_can_be_created_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let create = ["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--origin"];
    let made = json(data, &[&create[..], &["https://example.com", "--api-key", "--json"]].concat());
    assert!(made["api_key"]["secret"].as_str().unwrap().starts_with("dw_"));
    let why = refused(data, &[&create[..], &["https://example.com/"]].concat(), 1);
    assert!(why.contains("origins[0]") && why.contains("https://example.com"), "{why}");
    let tenants = json(data, &["tenant", "list", "--json"]);
    assert_eq!(tenants.as_array().unwrap().len(), 1);
    let id = made["id"].as_str().unwrap();
    let why = refused(data, &["tenant", "delete", id], 2);
    assert!(why.contains("--yes"), "{why}");
    json(data, &["tenant", "delete", id, "--yes", "--json"]);
    assert_eq!(json(data, &["tenant", "list", "--json"]), serde_json::json!([]));
    let token = json(data, &["admin-token", "create", "--name", "eve", "--role", "auditor", "--json"]);
    let why = refused(data, &["admin-token", "create", "--name", "eve"], 1);
    assert!(why.contains("eve"), "{why}");
    json(data, &["admin-token", "revoke", token["id"].as_str().unwrap(), "--json"]);
    let names = json(data, &["admin-token", "list", "--json"]);
    assert_eq!(names.as_array().unwrap().len(), 1, "the first start's token: {names}");
}

#[test]
fn database_is_not_opened_with_another_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    json(data, &["tenant", "list", "--json"]);
    let key = data.join("master.key");
    fs::rename(&key, data.join("away")).unwrap();
    let why = refused(data, &["tenant", "list"], 1);
    assert!(why.contains("master"), "{why}");
    assert!(!key.exists(), "no new key is created for a database with signing keys");
    let other = tempfile::tempdir().unwrap();
    json(other.path(), &["tenant", "list", "--json"]);
    fs::copy(other.path().join("master.key"), &key).unwrap();
    let why = refused(data, &["tenant", "list"], 1);
    assert!(why.contains("not the master key"), "{why}");
}

#[test]
fn invalid_settings_are_rejected_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let why = refused(folder.path(), &["serve", "--public-addr", "80x"], 2);
    assert!(why.contains("server.public_addr") && why.contains("--public-addr"), "{why}");
    let output = doorward(folder.path()).args(["check-config"]).env("DOORWARD_PUBLIC_ADRR", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("DOORWARD_PUBLIC_ADRR"));
    let shown = json(folder.path(), &["check-config", "--json"]);
    assert!(shown.as_array().unwrap().iter().any(|one| one["setting"] == "data.dir"));
}

#[test]
fn openapi_documents_and_version_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    for api in ["public", "admin"] {
        assert!(json(folder.path(), &["openapi", api])["openapi"].as_str().unwrap().starts_with("3.1"));
    }
    assert_eq!(json(folder.path(), &["version", "--json"])["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json(folder.path(), &["migrate", "--json"])["pending"], serde_json::json!([]));
}
