//! Commands that must be refused before they change anything.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use doorward_testkit::{Process, database, process};

use crate::support;

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = process::command(env!("CARGO_BIN_EXE_doorward"), data, "");
    command.args(arguments);
    command
}

/// Runs a command and returns its error text.
fn refused(mut command: Command, code: i32) -> String {
    let output = command.output().unwrap();
    let why = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{command:?}: {why}");
    why
}

fn with(mut command: Command, variables: &[(&str, &str)]) -> Command {
    command.envs(variables.iter().copied());
    command
}

fn init(data: &Path) {
    process::init(process::command(env!("CARGO_BIN_EXE_doorward"), data, ""));
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn secret_is_not_created_for_a_closed_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    init(data);
    let create = ["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--origin", "https://example.com"];
    let tenant = process::json(command(data, &[&create[..], &["--json"]].concat()));
    let tenant = tenant["id"].as_str().unwrap();
    let key = ["api-key", "create", "--tenant", tenant, "--name", "lost"];
    let token = ["admin-token", "create", "--name", "lost", "--role", "admin"];
    let with_key = [&create[..], &["--api-key"]].concat();
    for arguments in [&key[..], &token, &with_key] {
        for redirection in [">&-", ">/dev/null"] {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("exec \"$0\" \"$@\" {redirection}"), env!("CARGO_BIN_EXE_doorward")]);
            shell.args(arguments).env_clear().env("DOORWARD_DATA_DIR", data);
            let why = refused(shell, 2);
            assert!(
                why.contains("standard output is closed or /dev/null") && why.contains("Nothing was created"),
                "{why}"
            );
        }
    }
    // The shell opens standard output only for reading, so the command cannot write to it.
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" 1<\"$DOORWARD_DATA_DIR/master.key\"", env!("CARGO_BIN_EXE_doorward")]);
    shell.args(token).env_clear().env("DOORWARD_DATA_DIR", data);
    assert!(refused(shell, 1).contains("revoke it with: doorward admin-token revoke "));
    let count = |arguments: &[&str]| process::json(command(data, arguments)).as_array().unwrap().len();
    assert_eq!(count(&["api-key", "list", "--tenant", tenant, "--json"]), 0);
    assert_eq!(count(&["admin-token", "list", "--json"]), 2, "the first one and the one that could not be written");
    assert_eq!(count(&["tenant", "list", "--json"]), 1);
}

#[tokio::test]
async fn database_of_another_program_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let other = data.join("other.db");
    let url = other.display().to_string();
    database::execute(
        &url,
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO notes (text) VALUES ('x')",
    )
    .await;
    database::execute(
        &url,
        "CREATE TABLE __diesel_schema_migrations (version TEXT); \
                             INSERT INTO __diesel_schema_migrations VALUES ('20200101000000')",
    )
    .await;
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    let before = fs::read(&other).unwrap();
    let data_dir = data.join("data").display().to_string();
    for arguments in [
        &["init"][..],
        &["serve"],
        &["migrate"],
        &["tenant", "list"],
        &["signing-key", "reset", "--yes"],
        &["check-config"],
        &["backup", "--to", "/nonexistent/copy.db"],
        &["migrate-storage", "--from", "new.db", "--to", &url],
        &["migrate-storage", "--from", &url, "--to", "new.db"],
    ] {
        let mut command = command(data, arguments);
        command.current_dir(data).env("DOORWARD_DATA_DIR", &data_dir);
        if !arguments.contains(&"--to") || arguments.contains(&"backup") {
            command.env("DOORWARD_DATABASE_URL", &url);
        }
        if arguments.contains(&"new.db") && !data.join("new.db").exists() {
            let new = data.join("new.db").display().to_string();
            process::init(process::command(env!("CARGO_BIN_EXE_doorward"), Path::new(&data_dir), &new));
        }
        let output = command.output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && why.contains("is the database of another program"), "{arguments:?}: {why}");
        assert_eq!(fs::read(&other).unwrap(), before, "{arguments:?}");
        let beside = files(data).into_iter().filter(|name| name.starts_with("other.db-") || name == "other.db.lock");
        assert_eq!(beside.count(), 0, "{arguments:?}: {:?}", files(data));
    }
    fs::write(&other, "text that is not a database, but longer than a header of one hundred bytes. ".repeat(10))
        .unwrap();
    let why = refused(with(command(data, &["init"]), &[("DOORWARD_DATABASE_URL", &url)]), 1);
    assert!(why.contains(&format!("{url}: file is not a database")), "{why}");
}

#[tokio::test]
async fn signing_keys_are_not_reset_while_a_server_runs() {
    let data = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(data.path()).await;
    let command = || process::command(env!("CARGO_BIN_EXE_doorward"), data.path(), &url);
    let server = Process::serve(command());
    let reset = || {
        let mut command = command();
        command.args(["signing-key", "reset", "--yes"]);
        command
    };
    let before = fs::read(data.path().join("master.key")).unwrap();
    fs::rename(data.path().join("master.key"), data.path().join("away")).unwrap();
    let why = refused(reset(), 5);
    assert!(why.contains("another process uses it: stop every server"), "{why}");
    assert!(!data.path().join("master.key").exists(), "no master key is created");
    fs::write(data.path().join("master.key"), before).unwrap();
    fs::set_permissions(data.path().join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
    server.terminate();
    assert!(reset().output().unwrap().status.success());
}

#[test]
fn check_config_reports_a_lost_master_key_or_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let check = || command(&data, &["check-config"]);
    assert!(check().output().unwrap().status.success(), "a new folder");
    init(&data);
    let before = files(&data);
    assert!(check().output().unwrap().status.success());
    assert_eq!(files(&data), before, "the check leaves no files");
    let key = data.join("master.key");
    let away = folder.path().join("away");
    fs::rename(&key, &away).unwrap();
    let why = refused(check(), 2);
    assert!(why.contains("there is no master key at"), "{why}");
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refused(check(), 2).contains("is not the master key of this database"));
    fs::rename(&away, &key).unwrap();
    fs::rename(data.join("doorward.db"), &away).unwrap();
    assert!(refused(check(), 2).contains("contains no installation"));
    let postgres = [("DOORWARD_DATABASE_URL", "postgres://127.0.0.1/d")];
    assert!(with(check(), &postgres).output().unwrap().status.success());
    fs::remove_file(&key).unwrap();
    assert!(refused(with(check(), &postgres), 2).contains("there is no master key at"));
}

#[test]
fn check_config_reports_what_serve_would_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let home = data.join("~");
    let folder_url = data.display().to_string();
    for (variable, value, reason) in [
        ("DOORWARD_DATABASE_URL", folder_url.as_str(), "the path names a folder"),
        ("DOORWARD_DATABASE_URL", "postgres://", "the URL names no host"),
        ("DOORWARD_DATABASE_URL", "~/doorward.db", "only shells replace `~`"),
        ("DOORWARD_DATA_DIR", "~/data", "only shells replace `~`"),
        ("DOORWARD_TRUSTED_PROXIES", "10.0.0.0/8, 10.0.0", "\"10.0.0\" is neither an address nor a network"),
        ("DOORWARD_TOKEN_ISSUER", "a\u{7}b", "without control characters"),
    ] {
        for name in ["check-config", "serve"] {
            let mut command = with(command(data, &[name]), &[(variable, value)]);
            command.current_dir(data);
            let why = refused(command, 2);
            assert!(why.contains(reason) && why.contains(variable), "{name} {variable}={value:?}: {why}");
        }
    }
    assert!(!home.exists());
    let file = data.join("file");
    fs::write(&file, "").unwrap();
    let address = format!("unix:{}", file.display());
    let why = refused(with(command(data, &["check-config"]), &[("DOORWARD_PUBLIC_ADDR", &address)]), 2);
    assert!(why.contains("server.public_addr: ") && why.contains("is not a socket"), "{why}");
    let several = with(
        command(data, &["check-config"]),
        &[("DOORWARD_DATABASE_URL", "mysql://127.0.0.1/d"), ("DOORWARD_WORKERS", "0")],
    );
    let why = refused(several, 2);
    assert!(why.contains("`mysql` is not supported") && why.contains("server.workers"), "all errors together: {why}");
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 100; exec \"$0\" check-config", env!("CARGO_BIN_EXE_doorward")]);
    shell.env_clear().env("DOORWARD_DATA_DIR", data);
    assert!(refused(shell, 1).contains("the limit of open files is 100"));
}

#[test]
fn address_in_use_leaves_no_installation() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    for (arguments, free) in [
        (&["serve", "--public-addr", &address, "--admin-addr", "127.0.0.1:0"][..], "public"),
        (&["serve", "--admin-addr", &address, "--public-addr", "127.0.0.1:0"], "admin"),
        (
            &["quickstart", "--demo-addr", "127.0.0.1:0", "--admin-addr", &address, "--public-addr", "127.0.0.1:0"],
            "admin",
        ),
    ] {
        let why = refused(command(&folder.path().join("data"), arguments), 1);
        assert!(why.contains(&format!("server.{free}_addr: cannot listen on {address}")), "{why}");
        assert_eq!(files(folder.path()), [""; 0], "nothing was created");
    }
}

#[test]
fn refused_restore_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("installation");
    init(&data);
    let backup = folder.path().join("backup.db").display().to_string();
    process::json(command(&data, &["backup", "--json", "--to", &backup]));
    let damaged = folder.path().join("damaged.db");
    let bytes = fs::read(&backup).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let damaged = damaged.display().to_string();
    let new = folder.path().join("a/b/new");
    for from in [damaged.as_str(), "/nonexistent/backup.db"] {
        refused(command(&new, &["restore", "--from", from]), 1);
        assert!(!folder.path().join("a").exists(), "{from}");
    }
    let other = folder.path().join("other");
    init(&other);
    fs::remove_file(other.join("doorward.db")).unwrap();
    fs::remove_file(other.join("doorward.db.lock")).unwrap();
    let before = files(&other);
    let why = refused(command(&other, &["restore", "--from", &backup]), 1);
    assert!(why.contains("is not the master key of this database"), "{why}");
    assert_eq!(files(&other), before);
    let output = command(&new, &["restore", "--from", &backup]).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    assert!(new.join("doorward.db").exists());
}

#[tokio::test]
async fn restore_while_a_server_runs_is_refused() {
    let (server, data): (Process, _) = support::serve(&[]);
    let backup = data.path().join("backup.db").display().to_string();
    process::json(command(data.path(), &["backup", "--json", "--to", &backup]));
    let why = refused(command(data.path(), &["restore", "--from", &backup]), 1);
    assert!(why.contains("another process uses it"), "{why}");
    assert!(data.path().join("doorward.db.lock").exists());
    server.terminate();
}
