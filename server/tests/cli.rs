//! Runs the binary as operators and scripts do.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failure is a failed test")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use clap::CommandFactory as _;
use doorward_server::cli::args::Cli;
use doorward_testkit::{check_generated_documents, mds};
use serde_json::Value;

/// Returns a command that runs the binary. Its environment contains only the variables that this function sets.
fn doorward(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
    command.env_clear().env("DOORWARD_DATA_DIR", data).env("DOORWARD_DRAIN", "0s").env("USER", "mallory");
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

/// Creates an installation and returns the data folder.
fn installation() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(json(folder.path(), &["init", "--json"]).get("created"), Some(&Value::Bool(true)));
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
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
        // Neither call has an effect if the test has already stopped the server.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn probe(quickstart: &Quickstart, key: &str, data: &Path) -> Output {
    let (url, origin) = (quickstart.text("public_url"), quickstart.text("demo_url"));
    let tenant = quickstart.text("tenant_id");
    let arguments = ["probe", "--json", "--url", &url, "--tenant", &tenant, "--origin", &origin];
    // The probe must not send the API key to the proxy in the environment. Nothing listens at the proxy's address.
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
fn tenants_and_tokens_can_be_created_listed_and_deleted() {
    let folder = installation();
    let data = folder.path();
    let create = ["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--origin"];
    let made = json(data, &[&create[..], &["https://example.com", "--api-key", "--json"]].concat());
    assert!(made["api_key"]["secret"].as_str().unwrap().starts_with("dw_"));
    let why = refused(data, &[&create[..], &["https://example.com/"]].concat(), 1);
    assert!(why.contains("origins[0]") && why.contains("https://example.com"), "{why}");
    let tenants = json(data, &["tenant", "list", "--json"]);
    assert_eq!(tenants.as_array().unwrap().len(), 1);
    let id = made["id"].as_str().unwrap();
    let key = json(data, &["api-key", "create", "-t", "Shop", "--name", "second", "--json"]);
    assert_eq!(json(data, &["keys", "list", "-t", "Shop", "--json"]).as_array().unwrap().len(), 2);
    let key = key["id"].as_str().unwrap();
    assert!(refused(data, &["api-key", "revoke", "-t", "Shop", key], 2).contains("--yes"));
    let why = refused(data, &["tenant", "delete", "Shop"], 2);
    assert!(why.contains("--yes") && why.contains(id), "{why}");
    json(data, &["tenant", "delete", "Shop", "--yes", "--json"]);
    assert_eq!(json(data, &["tenant", "list", "--json"]), serde_json::json!([]));
    let token = json(data, &["admin-token", "create", "--name", "eve", "--role", "auditor", "--json"]);
    let why = refused(data, &["admin-token", "create", "--name", "eve", "--role", "admin"], 1);
    assert!(why.contains("eve"), "{why}");
    json(data, &["admin-token", "revoke", token["id"].as_str().unwrap(), "--yes", "--json"]);
    let metrics = ["admin-token", "create", "--name", "m", "--role", "metrics", "--tenant", "Bank"];
    json(
        data,
        &["tenant", "create", "--name", "Bank", "--rp-id", "b.example", "--origin", "https://b.example", "--json"],
    );
    let why = refused(data, &metrics, 1);
    assert!(why.contains("the role metrics cannot be limited to tenants"), "{why}");
    let limited = ["admin-token", "create", "--name", "bob", "--role", "admin", "--tenant", "Bank", "--json"];
    let limited = json(data, &limited);
    let listed = String::from_utf8(run(data, &["admin-token", "list"]).stdout).unwrap();
    assert!(listed.lines().any(|line| line.contains("bob") && line.ends_with("\"Bank\"")), "{listed}");
    json(data, &["admin-token", "revoke", limited["id"].as_str().unwrap(), "--yes", "--json"]);
    let names = json(data, &["admin-token", "list", "--json"]);
    assert_eq!(names.as_array().unwrap().len(), 1, "the first start's token: {names}");
}

#[test]
fn database_is_not_opened_with_another_master_key() {
    let (folder, other) = (installation(), installation());
    fs::copy(other.path().join("master.key"), folder.path().join("master.key")).unwrap();
    for command in ["serve", "migrate", "init"] {
        let why = refused(folder.path(), &[command], 1);
        assert!(why.contains("not the master key"), "{why}");
    }
    assert!(refused(folder.path(), &["tenant", "list"], 1).contains("not the master key"));
}

#[test]
fn only_init_creates_an_installation_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("misspelt");
    for arguments in
        [&["tenant", "list"][..], &["admin-token", "list"], &["migrate"], &["signing-key", "reset", "--yes"]]
    {
        let why = refused(&data, arguments, 1);
        assert!(why.contains("there is no installation in") && why.contains("doorward init"), "{why}");
        assert!(!data.exists(), "{arguments:?} created the folder");
    }
    assert_eq!(json(&data, &["init", "--json"])["created"], true);
    for name in ["doorward.db", "master.key", "admin.token"] {
        assert_eq!(fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert!(!data.join("admin.token.new").exists());
    assert_eq!(json(&data, &["init", "--json"])["created"], false);
    let tokens = json(&data, &["admin-token", "list", "--json"]);
    let only = tokens[0]["id"].as_str().unwrap();
    assert!(refused(&data, &["admin-token", "revoke", only, "--yes"], 1).contains("last usable admin token"));
    json(&data, &["admin-token", "revoke", only, "--force", "--yes", "--json"]);
    assert_eq!(json(&data, &["init", "--json"])["created"], false);
    assert_eq!(json(&data, &["admin-token", "list", "--json"]), serde_json::json!([]), "no token appears later");
}

#[test]
fn empty_database_beside_files_of_an_installation_is_rejected() {
    for remove in [true, false] {
        let folder = installation();
        let data = folder.path();
        for name in files(data).iter().filter(|name| name.starts_with("doorward.db")) {
            fs::remove_file(data.join(name)).unwrap();
        }
        if !remove {
            fs::write(data.join("doorward.db"), "").unwrap();
            set_mode(&data.join("doorward.db"), 0o600);
        }
        for command in [&["serve"][..], &["init"], &["quickstart", "--demo-addr", "127.0.0.1:0"]] {
            let why = refused(data, command, 1);
            assert!(why.contains("contains no installation") && why.contains("restore it from a backup"), "{why}");
        }
        fs::remove_file(data.join("admin.token")).unwrap();
        assert!(refused(data, &["serve"], 1).contains("master.key belongs to one"));
        let key = fs::read(data.join("master.key")).unwrap();
        assert_eq!(json(data, &["init", "--json"])["created"], true);
        assert_eq!(fs::read(data.join("master.key")).unwrap(), key, "init keeps the master key");
    }
}

#[test]
fn interrupted_creation_is_completed_by_the_next_start() {
    // Simulates a process that ended after it had committed the first token, but before it renamed `admin.token.new`.
    let folder = installation();
    let (file, unfinished) = (folder.path().join("admin.token"), folder.path().join("admin.token.new"));
    let token = fs::read(&file).unwrap();
    fs::rename(&file, &unfinished).unwrap();
    let output = run(folder.path(), &["init"]);
    assert!(output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("was interrupted before it wrote the first admin token"), "{log}");
    assert_eq!((fs::read(&file).unwrap(), unfinished.exists()), (token.clone(), false));

    // Simulates a process that ended before it committed the token.
    let folder = tempfile::tempdir().unwrap();
    let unfinished = folder.path().join("admin.token.new");
    fs::write(&unfinished, &token).unwrap();
    set_mode(&unfinished, 0o600);
    fs::write(folder.path().join("master.key"), [7; 32]).unwrap();
    set_mode(&folder.path().join("master.key"), 0o600);
    let _server = Quickstart::start(folder.path());
    assert_eq!((fs::read(folder.path().join("admin.token")).unwrap(), unfinished.exists()), (token, false));
}

#[test]
fn commands_that_need_no_signing_key_work_after_the_master_key_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let first = Quickstart::start(data);
    let (tenant, key) = (first.text("tenant_id"), first.text("api_key"));
    drop(first);
    let master_key = data.join("master.key");
    fs::rename(&master_key, folder.path().join("away")).unwrap();
    let why = refused(data, &["serve"], 1);
    assert!(why.contains("no master key") && why.contains("signing-key reset"), "{why}");
    let made = json(data, &["api-key", "create", "--tenant", &tenant, "--name", "second", "--json"]);
    json(data, &["api-key", "revoke", "--tenant", &tenant, made["id"].as_str().unwrap(), "--yes", "--json"]);
    assert_eq!(json(data, &["tenant", "list", "--json"]).as_array().unwrap().len(), 1);
    json(data, &["admin-token", "create", "--name", "new", "--role", "admin", "--json"]);
    let create = ["tenant", "create", "--name", "A", "--rp-id", "example.com", "--origin", "https://example.com"];
    let why = refused(data, &create, 1);
    assert!(why.contains("no master key"), "{why}");
    assert!(!master_key.exists(), "no command creates a new key for a database with signing keys");

    let why = refused(data, &["signing-key", "reset"], 2);
    assert!(why.contains("Stop every server first") && why.contains("--yes"), "{why}");
    let reset = ["signing-key", "reset", "--yes", "--json"];
    assert_eq!(
        json(data, &reset),
        serde_json::json!({ "changed": true, "tenants": 1, "replaced": 1, "lost_imported_keys": false })
    );
    let again = serde_json::json!({ "changed": false, "tenants": 1, "replaced": 0, "lost_imported_keys": false });
    assert_eq!(json(data, &reset), again, "keys that can be decrypted are not replaced");
    let second = Quickstart::start(data);
    let good = probe(&second, &key, data);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
}

#[test]
fn files_that_others_can_access_are_rejected_at_start() {
    for (name, digits) in [("doorward.db", "600"), ("admin.token", "600"), ("master.key", "600"), ("", "700")] {
        let folder = installation();
        let path = if name.is_empty() { folder.path().to_path_buf() } else { folder.path().join(name) };
        set_mode(&path, if name.is_empty() { 0o777 } else { 0o606 });
        for arguments in [&["serve"][..], &["tenant", "list"], &["migrate"]] {
            let why = refused(folder.path(), arguments, 1);
            assert!(why.contains(&format!("chmod {digits} {}", path.display())), "{name}: {why}");
        }
        assert!(refused(folder.path(), &["check-config"], 2).contains("chmod"), "{name}");
    }
    let folder = installation();
    set_mode(folder.path(), 0o755);
    let warned = run(folder.path(), &["check-config"]);
    assert!(warned.status.success());
    assert!(String::from_utf8_lossy(&warned.stderr).contains("other users can list the files"), "{warned:?}");
    let warned: Value = serde_json::from_slice(&run(folder.path(), &["check-config", "--json"]).stderr).unwrap();
    assert!(warned["notice"].as_str().unwrap().contains("other users can list the files"), "{warned}");
}

#[test]
fn invalid_database_url_is_rejected_without_printing_the_password() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "\"postgres://u:hunter2@127.0.0.1/d\"",
        "mysql://u:hunter2@127.0.0.1/d",
        "postgresql+asyncpg://u:hunter2@127.0.0.1/d",
        "host=127.0.0.1 password=hunter2",
        "postgres:hunter2@127.0.0.1",
    ] {
        for command in ["serve", "check-config", "migrate", "init"] {
            let output = doorward(folder.path()).arg(command).env("DOORWARD_DATABASE_URL", url).output().unwrap();
            let why = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{url}: {why}");
            assert!(why.contains("database.url (DOORWARD_DATABASE_URL)") && !why.contains("hunter2"), "{url}: {why}");
        }
        let why = refused(folder.path(), &["migrate-storage", "--from", "a.db", "--to", url], 2);
        assert!(why.contains("--to") && !why.contains("hunter2"), "{url}: {why}");
    }
    assert_eq!(files(folder.path()), [""; 0], "no file is created");
}

#[test]
fn check_config_checks_everything_that_needs_no_connection() {
    let folder = tempfile::tempdir().unwrap();
    for (url, reason) in [
        ("postgres://127.0.0.1:port/d", "the value of `port` is invalid"),
        ("postgres://127.0.0.1/d?sslrootcert=/no/such/ca.pem", "sslrootcert: I/O error"),
    ] {
        let output = doorward(folder.path()).arg("check-config").env("DOORWARD_DATABASE_URL", url).output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && why.contains(reason), "{url}: {why}");
    }
    json(folder.path(), &["init", "--json"]);
    fs::write(folder.path().join("master.key"), "short").unwrap();
    set_mode(&folder.path().join("master.key"), 0o600);
    assert!(refused(folder.path(), &["check-config"], 2).contains("exactly 32 bytes"));
}

#[test]
fn secret_that_cannot_be_printed_is_reported_with_the_command_that_revokes_it() {
    let folder = installation();
    let data = folder.path();
    let create = ["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--origin", "https://example.com"];
    let tenant = json(data, &[&create[..], &["--json"]].concat())["id"].as_str().unwrap().to_owned();
    let key = ["api-key", "create", "--tenant", &tenant, "--name", "lost"];
    let token = ["admin-token", "create", "--name", "lost", "--role", "admin"];
    let with_key = [&create[..], &["--api-key", "--json"]].concat();
    for (arguments, revocation) in [
        (&key[..], format!("doorward api-key revoke --tenant {tenant} ")),
        (&token, "doorward admin-token revoke ".to_owned()),
        (&with_key, "doorward api-key revoke --tenant ".to_owned()),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = doorward(data).args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {why}");
        let command = &why[why.find(&revocation).unwrap_or_else(|| panic!("{arguments:?}: {why}"))..];
        // With --json the message is a JSON string.
        let command: Vec<&str> = command.trim_end_matches(['"', '}', '\n']).split_whitespace().skip(1).collect();
        json(data, &[&command[..], &["--json"]].concat());
    }
}

#[test]
fn error_for_a_full_disk_names_the_output_stream() {
    let folder = installation();
    for arguments in [&["tenant", "list"][..], &["tenant", "list", "--json"], &["version"], &["openapi"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = doorward(folder.path()).args(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {why}");
        assert!(why.contains("standard output: No space left on device"), "{arguments:?}: {why}");
    }
}

#[test]
fn secret_in_place_of_an_id_is_not_repeated() {
    let folder = installation();
    let tenant = "0198c0de-0000-7000-8000-000000000001";
    let key = "dw_0f3a52c1d7e94b6a8f20c3d4e5f60718_kT9wQz";
    for (arguments, code) in [
        (&["api-key", "revoke", "--tenant", tenant, key][..], 2),
        (&["admin-token", "revoke", key, "--json"], 2),
        (&["tenant", "delete", key], 3),
        (&["tenant", "list", key], 2),
    ] {
        let why = refused(folder.path(), arguments, code);
        assert!(why.contains("dw_0f3a…") && !why.contains("kT9wQz"), "{arguments:?}: {why}");
    }
}

#[test]
fn actor_of_a_command_is_the_user_of_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = Quickstart::start(folder.path());
    let tenant = server.text("tenant_id");
    json(folder.path(), &["api-key", "create", "--tenant", &tenant, "--name", "second", "--json"]);
    let database = folder.path().join("doorward.db").display().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let query = "SELECT actor AS value FROM audit_logs WHERE type = 'api_key_created' ORDER BY id DESC LIMIT 1";
    let actor = runtime.block_on(doorward_testkit::database::texts(&database, query));
    let id = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap();
    assert!(actor[0].starts_with(&format!("cli:{}", id.trim())) && !actor[0].contains("mallory"), "{actor:?}");
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
        let mut serve = doorward(data)
            .args(["serve", "--public-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
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
        .args([
            "quickstart",
            "--public-addr",
            "127.0.0.1:0",
            "--admin-addr",
            "127.0.0.1:0",
            "--demo-addr",
            "127.0.0.1:0",
        ])
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
    json(folder.path(), &["init", "--json"]);
    let migrated = json(folder.path(), &["migrate", "--json"]);
    assert_eq!(migrated, serde_json::json!({ "changed": false, "engine": "sqlite", "applied": [] }));
}

#[test]
fn dry_run_of_migrate_reports_pending_migrations_and_applies_none() {
    let folder = installation();
    let dry_run = ["migrate", "--dry-run", "--json"];
    let current = serde_json::json!({ "changed": false, "engine": "sqlite", "pending": [] });
    assert_eq!(json(folder.path(), &dry_run), current);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    fs::write(data.join("doorward.db"), "").unwrap();
    set_mode(&data.join("doorward.db"), 0o600);
    for _ in 0..2 {
        let output = run(data, &dry_run);
        assert_eq!(output.status.code(), Some(10), "{output:?}");
        let planned: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&planned["changed"], planned["pending"].as_array().unwrap().len()), (&Value::Bool(false), 1));
    }
    let applied = json(data, &["migrate", "--json"]);
    assert_eq!((&applied["changed"], applied["applied"].as_array().unwrap().len()), (&Value::Bool(true), 1));
    assert_eq!(json(data, &dry_run), current);
}

#[test]
fn errors_have_an_exit_code_by_kind_and_are_json_if_requested() {
    let folder = installation();
    let data = folder.path();
    let unknown = "0198c0de-0000-7000-8000-000000000001";
    let error = |arguments: &[&str], code: i32| -> Value {
        let text = refused(data, &[arguments, &["--json"]].concat(), code);
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        json["error"].clone()
    };
    let refusal = error(&["tenant", "create", "--name", "A", "--rp-id", "a.com", "--origin", "https://b.com"], 1);
    assert_eq!(refusal["code"], "config_invalid");
    for (arguments, code) in [
        (&["api-key", "list", "-t", unknown][..], "tenant_not_found"),
        (&["tenant", "delete", "Nobody", "--yes"], "tenant_not_found"),
        (&["admin-token", "revoke", unknown, "--yes"], "secret_not_found"),
    ] {
        let error = error(arguments, 3);
        assert_eq!(error["code"], code, "{arguments:?}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let usage = error(&["tenant", "delete"], 2);
    assert!(usage["message"].as_str().unwrap().contains("TENANT") && usage.get("code").is_none(), "{usage}");
    assert!(error(&["check-config", "--data-dir", ""], 2)["message"].as_str().unwrap().contains("data.dir"));
    let unreachable = ["tenant", "list", "--database-url", "postgres://u@127.0.0.1:9/d"];
    assert_eq!(error(&unreachable, 5)["code"], "unavailable");
    assert!(refused(data, &unreachable, 5).starts_with("doorward: database: "));
}

#[test]
fn metadata_is_imported_and_its_state_is_shown() {
    let (folder, files) = (installation(), tempfile::tempdir().unwrap());
    let data = folder.path();
    let file = |name: &str, content: &[u8]| {
        let path = files.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (root, blob) = (file("root.pem", mds::ROOT), file("blob.jwt", mds::BLOB));
    assert_eq!(json(data, &["mds", "status", "--json"]), serde_json::json!({ "outdated": false, "entries": 0 }));
    let import = ["mds", "import", &blob, "--root", &root, "--json"];
    let done = json(data, &import);
    assert_eq!((&done["changed"], &done["number"]), (&Value::Bool(true), &1.into()));
    assert_eq!(json(data, &import)["changed"], false);
    let status = json(data, &["mds", "status", "--json"]);
    assert_eq!((&status["number"], &status["entries"]), (&1.into(), &done["entries"]));
    let shown = String::from_utf8(run(data, &["mds", "status"]).stdout).unwrap();
    assert!(shown.starts_with("number       1\nnext update  2119-12-31\nimported     2"), "{shown}");

    let outdated = file("outdated.jwt", mds::OUTDATED_BLOB);
    let message = refused(data, &["mds", "import", &outdated, "--root", &root], 1);
    assert!(message.contains("outdated: the next one was due on 2026-01-31") && message.contains("--allow-outdated"));
    let _ = json(data, &["mds", "import", &outdated, "--root", &root, "--allow-outdated", "--json"]);
    // The same BLOB can be imported again. The exit code of `mds status` shows that an update is overdue.
    assert_eq!(json(data, &["mds", "import", &outdated, "--root", &root, "--json"])["changed"], false);
    let overdue = run(data, &["mds", "status", "--json"]);
    let status: Value = serde_json::from_slice(&overdue.stdout).unwrap();
    assert_eq!((overdue.status.code(), &status["outdated"], &status["number"]), (Some(1), &true.into(), &3.into()));
    assert!(refused(data, &["mds", "status"], 1).contains("the metadata is overdue"));
    assert!(refused(data, &import, 1).contains("the BLOB has the number 1, but number 3 is already imported"));
    assert!(refused(data, &["mds", "import", &blob], 1).contains("the signer of the BLOB is not trusted"));
    assert!(refused(data, &["mds", "import", &root, "--root", &root], 1).contains("not a signed metadata BLOB"));
    assert!(refused(data, &["mds", "import", &blob, "--root", &blob], 2).contains("no valid certificate"));
    let _ = refused(data, &["mds", "import", "/nowhere/blob.jwt"], 2);
}

#[test]
fn completions_and_man_pages_cover_every_command() {
    check_generated_documents(env!("CARGO_BIN_EXE_doorward"), &Cli::command());
}
