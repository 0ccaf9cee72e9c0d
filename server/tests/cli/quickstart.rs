//! The quickstart and the demo.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout},
};

use super::*;

/// A running quickstart on free ports. It is killed on drop.
pub(crate) struct Quickstart {
    process: Child,
    started: Value,
    _stdout: BufReader<ChildStdout>,
}

impl Quickstart {
    pub(crate) fn start(data: &Path) -> Self {
        let mut process = doorward(data)
            .args(["quickstart", "--json", "--demo-addr", "127.0.0.1:0"])
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

    pub(crate) fn text(&self, name: &str) -> String {
        self.started.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Stops the process with SIGTERM, as a service manager does.
    pub(crate) fn terminate(mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success(), "exits with 0 after SIGTERM");
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        // Neither call has an effect if the test has already stopped the server.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn probe(quickstart: &Quickstart, key: &str, data: &Path) -> Output {
    let (url, origin) = (quickstart.text("public_url"), quickstart.text("demo_url"));
    let tenant = quickstart.text("tenant_id");
    let arguments = ["probe", "--json", "--url", &url, "--tenant", &tenant, "--origin", &origin];
    // The probe must not send the API key to the proxy that the variable `http_proxy` names. Nothing listens at the
    // address of this proxy, so a request to it would fail.
    doorward(data)
        .args(arguments)
        .env("DOORWARD_API_KEY", key)
        .env("http_proxy", "http://127.0.0.1:9")
        .output()
        .unwrap()
}

#[test]
fn quickstart_serves_ceremonies_and_keeps_data_across_a_restart() {
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
    let steps: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!(steps["steps"].as_array().unwrap().last().unwrap()["name"], "user deleted");
    let wrong_issuer = {
        let (url, origin) = (first.text("public_url"), first.text("demo_url"));
        let arguments =
            ["probe", "--json", "--url", &url, "--tenant", &tenant, "--origin", &origin, "--issuer", "other"];
        doorward(&data).args(arguments).env("DOORWARD_API_KEY", &key).output().unwrap()
    };
    assert_eq!(wrong_issuer.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong_issuer.stdout).contains("it has another issuer"), "{wrong_issuer:?}");
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
    let done = json(data, &["api-key", "revoke", "--tenant", &tenant, id, "--yes", "--json"]);
    assert_eq!(done, serde_json::json!({ "changed": true }));
    assert_eq!(probe(&server, secret, data).status.code(), Some(1), "a revoked key is rejected");
    let keys = json(data, &["api-key", "list", "--tenant", &tenant, "--json"]);
    assert_eq!(keys.as_array().unwrap().len(), 1);
    assert!(!keys.to_string().contains("secret"));
}

#[test]
fn running_server_applies_disabled_keys_and_tenants_immediately() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Quickstart::start(data);
    let (tenant, key) = (server.text("tenant_id"), server.text("api_key"));
    let id = json(data, &["api-key", "list", "--tenant", &tenant, "--json"])[0]["id"].as_str().unwrap().to_owned();
    for (disable, enable) in [
        (&["api-key", "disable", "--tenant", &tenant, &id][..], &["api-key", "enable", "--tenant", &tenant, &id][..]),
        (&["tenant", "disable", &tenant], &["tenant", "enable", &tenant]),
    ] {
        for (command, works) in [(disable, false), (enable, true)] {
            for changed in [true, false] {
                let done = json(data, &[command, &["--json"]].concat());
                assert_eq!(done, serde_json::json!({ "changed": changed }), "{command:?}");
            }
            assert_eq!(probe(&server, &key, data).status.success(), works, "{command:?}");
        }
    }
    json(data, &["api-key", "disable", "--tenant", &tenant, &id, "--json"]);
    let table = run(data, &["api-key", "list", "--tenant", &tenant]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("disabled"), "{table:?}");
    let why = refused(data, &["tenant", "disable", "0198c0de-0000-7000-8000-000000000001"], 3);
    assert!(why.contains("tenant not found"), "{why}");
}

#[test]
fn demo_origin_is_replaced_and_its_key_is_reported_by_serve() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    for _ in 0..3 {
        drop(Quickstart::start(data));
    }
    let database = data.join("doorward.db").display().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let texts = |query: &'static str| runtime.block_on(doorward_testkit::database::texts(&database, query));
    let config = texts("SELECT config AS value FROM tenants");
    assert_eq!(config[0].matches("http://localhost:").count(), 1, "{config:?}");

    let is_reported = || {
        let mut serve = doorward(data).arg("serve").stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(serve.stderr.take().unwrap()).lines().map(Result::unwrap);
        let lines: Vec<String> = log.take_while(|line| !line.contains("server started")).collect();
        serve.kill().unwrap();
        let _ = serve.wait();
        lines.iter().any(|line| line.contains("demo.json contains a valid API key"))
    };
    assert!(is_reported());
    let key = texts("SELECT id AS value FROM api_keys");
    let disabled = doorward(data).args(["api-key", "disable", "--tenant", "Demo", &key[0]]).output().unwrap();
    assert!(disabled.status.success(), "{disabled:?}");
    assert!(!is_reported(), "a disabled key is not valid");
}

#[test]
fn banner_contains_the_command_of_the_terminal_app_and_no_log_lines() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("my data");
    let mut process = doorward(&data)
        .args(["quickstart", "--demo-addr", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut banner = String::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap) {
        banner.push_str(&line);
        banner.push('\n');
        if line.contains("Stop with Ctrl-C") {
            break;
        }
    }
    process.kill().unwrap();
    let log = String::from_utf8(process.wait_with_output().unwrap().stderr).unwrap();
    let command = banner.lines().find(|line| line.contains("doorward-admin")).unwrap().trim();
    assert!(command.starts_with("doorward-admin --url http://127.0.0.1:"), "{command}");
    assert!(command.ends_with(&format!("--token-file '{}'", data.join("admin.token").display())), "{command}");
    assert_eq!(log, "", "a start without problems logs nothing");
}
