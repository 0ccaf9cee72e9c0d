//! Creating an installation, its keys and its files.

use super::*;

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
