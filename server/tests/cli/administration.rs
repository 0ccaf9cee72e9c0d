//! Administrative commands and what they print.

use clap::CommandFactory as _;
use doorward_server::cli::args::Cli;
use doorward_testkit::{check_generated_documents, mds};

use super::*;

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
    for prefix in ["dw_", "dwa_"] {
        let key = &format!("{prefix}0f3a52c1d7e94b6a8f20c3d4e5f60718_kT9wQz");
        let option = &format!("--{key}");
        for (arguments, code) in [
            (&["api-key", "revoke", "--tenant", tenant, key][..], 2),
            (&["admin-token", "revoke", key, "--json"], 2),
            (&["admin-token", "revoke", option], 2),
            (&["tenant", "delete", key], 3),
            (&["tenant", "list", key], 2),
            (&["mds", "import", key], 2),
        ] {
            let why = refused(folder.path(), arguments, code);
            assert!(why.contains(&format!("{prefix}0f3a…")) && !why.contains("kT9wQz"), "{arguments:?}: {why}");
        }
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
