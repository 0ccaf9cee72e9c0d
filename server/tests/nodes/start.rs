//! Processes that start at the same time on an empty database.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use doorward_testkit::{Person, Process, database, process};

const NODES: usize = 6;

fn write_master_key(folder: &Path, bytes: [u8; 32]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("master.key"), bytes).unwrap();
    fs::set_permissions(folder.join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn command(data: &Path, url: &str) -> std::process::Command {
    process::command(env!("CARGO_BIN_EXE_doorward"), data, url)
}

#[tokio::test]
async fn nodes_that_start_together_create_one_installation() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let data = |number: usize| folder.path().join(number.to_string());
    let started: Vec<_> = (0..NODES)
        .map(|number| {
            write_master_key(&data(number), [7; 32]);
            let mut init = command(&data(number), &url);
            init.arg("init").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for process in started {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let admins = database::texts(&url, "SELECT name AS value FROM admin_tokens").await;
    assert_eq!(admins, ["first"]);
    let tokens = (0..NODES).filter(|number| data(*number).join("admin.token").exists()).count();
    assert_eq!(tokens, 1, "only the node that created the token stores it");
    // A node with another master key must not start, because it cannot decrypt the signing keys.
    write_master_key(&data(NODES), [8; 32]);
    let other = command(&data(NODES), &url).arg("migrate").output().unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("not the master key"));
}

#[tokio::test]
async fn migrate_creates_the_schema_but_no_installation() {
    if !database::is_postgres("migrate_creates_the_schema_but_no_installation") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let data = folder.path().join("scratch");
    let planned = command(&data, &url).args(["migrate", "--dry-run"]).output().unwrap();
    assert_eq!(planned.status.code(), Some(10), "{}", String::from_utf8_lossy(&planned.stderr));
    let tables = "SELECT tablename AS value FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database::texts(&url, tables).await, [""; 0], "a dry run creates no table");
    let migrated = command(&data, &url).arg("migrate").output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    assert!(!data.exists(), "no master key is created");
    assert_eq!(database::texts(&url, "SELECT name AS value FROM installation").await, [""; 0]);
    let listed = command(&data, &url).args(["tenant", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stderr).contains("there is no installation"), "{listed:?}");
    process::init(command(&folder.path().join("real"), &url));
}

#[tokio::test]
async fn database_is_checked_before_its_schema_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let data = folder.path().join("data");
    write_master_key(&data, [7; 32]);
    process::init(command(&data, &url));
    // A migration without a record in this table counts as pending. Running it again would fail, because the tables
    // that it creates already exist. A SQLite file without records counts as the file of another program.
    if url.starts_with("postgres") {
        database::execute(&url, "DELETE FROM __diesel_schema_migrations").await;
    }
    let refusal = |arguments: &[&str]| {
        let output = command(&data, &url).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    fs::remove_file(data.join("master.key")).unwrap();
    write_master_key(&data, [8; 32]);
    for arguments in [&["serve"][..], &["migrate"], &["tenant", "list"]] {
        let message = refusal(arguments);
        assert!(message.contains("not the master key"), "{arguments:?}: {message}");
    }
    let target = folder.path().join("target.db").display().to_string();
    let message = refusal(&["migrate-storage", "--from", &url, "--to", &target]);
    assert!(message.contains("not the master key"), "{message}");
    database::execute(&url, "INSERT INTO installation (name, value) VALUES ('storage_transfer', '{}')").await;
    assert!(refusal(&["serve"]).contains("the database is incomplete"));
}

#[tokio::test]
async fn two_processes_serve_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    write_master_key(folder.path(), [7; 32]);
    process::init(command(folder.path(), &url));
    let mut create = command(folder.path(), &url);
    create.args(["tenant", "create", "--name", "Example", "--rp-id", "example.com", "--api-key", "--json"]);
    let created = process::json({
        create.args(["--origin", doorward_testkit::ORIGIN]);
        create
    });
    let (id, key) = (created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());
    let nodes = [Process::serve(command(folder.path(), &url)), Process::serve(command(folder.path(), &url))];
    let [first, second] = nodes.each_ref().map(|node| node.tenant(id, key));
    let mut person = Person::new("alice");
    let _ = person.register_mfa(&first).await.expect(200);
    for _ in 0..5 {
        let body = person.mfa_assertion(&first).await;
        let _ = second.http.post("/mfa/login/finalize", &body).await.expect(200);
        first.http.post("/mfa/login/finalize", &body).await.expect_refusal(401, "challenge_unknown");
    }
    nodes.into_iter().for_each(Process::terminate);
    assert_eq!(database::faults(&url).await, [""; 0]);
}
