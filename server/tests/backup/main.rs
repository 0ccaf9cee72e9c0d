//! Backs up an installation under load and restores it elsewhere. Checks that commands refuse files that do not belong
//! together.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

mod drill;
mod manifest;
mod schedule;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use doorward_testkit::{ORIGIN, Person, Process, TestTenant, database, process};
use serde_json::{Value, json};

pub(crate) fn command(data: &Path) -> Command {
    let database = data.join("doorward.db");
    process::command(env!("CARGO_BIN_EXE_doorward"), data, &database.display().to_string())
}

pub(crate) fn run(data: &Path, arguments: &[&str]) -> Output {
    command(data).args(arguments).output().unwrap()
}

pub(crate) fn expect_error(data: &Path, arguments: &[&str], code: i32, part: &str) {
    let output = run(data, arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    assert!(message.contains(part), "{arguments:?}: {message}");
}

pub(crate) fn back_up(data: &Path, to: &Path) -> Value {
    let mut command = command(data);
    process::json({
        command.args(["backup", "--json", "--to"]).arg(to);
        command
    })
}

/// Creates a tenant and returns its id and API key.
pub(crate) fn create_tenant(data: &Path) -> (String, String) {
    process::init(command(data));
    let mut create = command(data);
    create.args(["tenant", "create", "--name", "Example", "--rp-id", "example.com", "--api-key", "--json"]);
    create.args(["--origin", ORIGIN]);
    let created = process::json(create);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&created["id"]), text(&created["api_key"]["secret"]))
}

/// Adds many audit entries, so that a backup takes some time.
pub(crate) async fn fill(data: &Path, tenant: &str) {
    let entries = format!(
        "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
         INSERT INTO audit_logs (tenant_id, id, type, request_id, source_ip, user_agent, actor, created_at) \
         SELECT '{tenant}', printf('018bcfe5-6800-7000-8000-%012x', i), 'api_key_rejected', 'bulk', '192.0.2.1', '', \
                'actor ' || i, 1700000000000 FROM n; \
         INSERT INTO audit_counts (tenant_id, day, type, shard, count) \
         VALUES ('{tenant}', 1700000000000 / 86400000, 'api_key_rejected', 0, 100000); COMMIT"
    );
    database::execute(&data.join("doorward.db").display().to_string(), &entries).await;
}

/// Logs in until `ended` is set.
async fn log_in(mut person: Person, tenant: TestTenant, logins: Arc<AtomicUsize>, ended: Arc<AtomicBool>) {
    while !ended.load(Ordering::SeqCst) {
        let _ = person.mfa_login(&tenant).await.expect(200);
        logins.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backup_under_load_can_be_restored() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (id, key) = create_tenant(here.path());
    fill(here.path(), &id).await;
    let server = Process::serve(command(here.path()));
    let tenant = server.tenant(&id, &key);
    let (logins, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..4 {
        let mut person = Person::new(&format!("user{number}"));
        let _ = person.register_mfa(&tenant).await.expect(200);
        clients.spawn(log_in(person, tenant.clone(), Arc::clone(&logins), Arc::clone(&ended)));
    }
    while logins.load(Ordering::SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    let backup = here.path().join("backup.db");
    let (data, to, during) = (here.path().to_owned(), backup.clone(), logins.load(Ordering::SeqCst));
    let written = tokio::task::spawn_blocking(move || back_up(&data, &to)).await.unwrap();
    assert!(logins.load(Ordering::SeqCst) > during, "logins succeeded during the backup");
    ended.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let meta = fs::metadata(&backup).unwrap();
    assert_eq!((meta.permissions().mode() & 0o777, json!(meta.len())), (0o600, written["bytes"].clone()));
    let path = backup.display().to_string();
    expect_error(here.path(), &["backup", "--to", &path], 1, "the file exists");
    expect_error(here.path(), &["restore", "--from", &path], 1, "another process uses it");
    server.kill();
    expect_error(here.path(), &["restore", "--from", &path], 1, "doorward.db: the file exists");

    // The master key and the backup are enough to restore the installation in another folder.
    fs::copy(here.path().join("master.key"), there.path().join("master.key")).unwrap();
    assert!(run(there.path(), &["restore", "--from", &path]).status.success());
    assert_eq!(database::faults(&there.path().join("doorward.db").display().to_string()).await, [""; 0]);
    let server = Process::serve(command(there.path()));
    let restored = server.tenant(&id, &key);
    let credentials = restored.http.get("/credentials").await.expect(200).json();
    assert_eq!(credentials.as_array().unwrap().len(), 4);
    let mut carol = Person::new("carol");
    let _ = carol.register_mfa(&restored).await.expect(200);
    let _ = carol.mfa_login(&restored).await.expect(200);
    server.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_write_ahead_log_beside_a_restored_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (id, key) = create_tenant(data);
    let backup = data.join("backup.db");
    let _ = back_up(data, &backup);
    let server = Process::serve(command(data));
    let _ = Person::new("alice").register_mfa(&server.tenant(&id, &key)).await.expect(200);
    server.kill();
    let (database, wal) = (data.join("doorward.db"), data.join("doorward.db-wal"));
    assert!(fs::metadata(&wal).unwrap().len() > 0, "a killed server leaves its write-ahead log");
    // The server accepts a write-ahead log that belongs to the database file.
    let server = Process::serve(command(data));
    let _ = Person::new("bob").register_mfa(&server.tenant(&id, &key)).await.expect(200);
    server.kill();
    let old = fs::read(&wal).unwrap();
    for empty in [false, true] {
        match empty {
            true => fs::write(&database, "").unwrap(),
            false => drop(fs::copy(&backup, &database).unwrap()),
        }
        expect_error(data, &["tenant", "list"], 1, "was replaced without its write-ahead log");
        expect_error(data, &["backup", "--to", "other.db"], 1, "was replaced without its write-ahead log");
    }
    assert_eq!(fs::read(&wal).unwrap(), old, "nothing was changed");
    // `restore` must fail while any of these files exists.
    let path = backup.display().to_string();
    for name in ["doorward.db", "doorward.db-wal", "doorward.db-shm"] {
        expect_error(data, &["restore", "--from", &path], 1, &format!("{name}: the file exists"));
        fs::rename(data.join(name), data.join(format!("old-{name}"))).unwrap();
    }
    assert!(run(data, &["restore", "--from", &path]).status.success());
    let tenants = process::json({
        let mut list = command(data);
        list.args(["tenant", "list", "--json"]);
        list
    });
    assert_eq!(tenants[0]["id"], id);
    assert_eq!(database::faults(&database.display().to_string()).await, [""; 0]);
}

#[test]
fn unusable_backups_are_refused() {
    let (here, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (data, elsewhere) = (here.path(), other.path());
    expect_error(data, &["backup", "--to", "x.db"], 1, "there is no database");
    let _ = create_tenant(data);
    let _ = create_tenant(elsewhere);
    let backup = data.join("backup.db");
    let _ = back_up(data, &backup);
    for name in ["doorward.db", "doorward.db-wal", "doorward.db-shm"] {
        let _ = fs::remove_file(elsewhere.join(name));
    }
    let path = backup.display().to_string();
    expect_error(elsewhere, &["restore", "--from", &path], 1, "is not the master key of this database");
    let damaged = data.join("damaged.db");
    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    fs::write(&damaged, bytes).unwrap();
    for file in [damaged, data.join("master.key"), data.join("none.db")] {
        let file = file.display().to_string();
        expect_error(elsewhere, &["restore", "--from", &file], 1, &format!("doorward: {file}: "));
    }
    assert!(!elsewhere.join("doorward.db").exists());
    let left: Vec<_> = fs::read_dir(elsewhere).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("partial")), "{left:?}");
}

#[test]
fn partial_file_of_another_backup_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    let (backup, partial) = (data.join("backup.db"), data.join("backup.db.partial"));
    fs::write(&partial, "of another backup").unwrap();
    let path = backup.display().to_string();
    expect_error(data, &["backup", "--to", &path], 1, "remove it, unless another backup or restore is running");
    assert_eq!(fs::read_to_string(&partial).unwrap(), "of another backup");
    fs::remove_file(&partial).unwrap();
    let _ = back_up(data, &backup);
}

#[test]
fn backup_and_restore_of_postgres_name_the_right_tool() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, tool) in
        [(["backup", "--to", "x.db"], "use pg_dump"), (["restore", "--from", "x.db"], "use pg_restore")]
    {
        let mut command = process::command(env!("CARGO_BIN_EXE_doorward"), folder.path(), "postgres://127.0.0.1/none");
        let output = command.args(arguments).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(tool), "{message}");
    }
}
