//! Runs the binary with each source of the master key, and rotates the key: on PostgreSQL if
//! `DOORWARD_TEST_POSTGRES_URL` is set, otherwise on SQLite.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use doorward_testkit::{ORIGIN, Person, Process, RP_ID, TestTenant, database, process, until};
use serde_json::Value;

/// An installation with tenants.
struct World {
    folder: tempfile::TempDir,
    url: String,
    _database: Option<database::TestDatabase>,
    tenants: Vec<(String, String)>,
    settings: Vec<(&'static str, String)>,
}

impl World {
    async fn new(tenants: usize, settings: &[(&'static str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, database) = database::for_test(folder.path()).await;
        let mut world = Self { folder, url, _database: database, tenants: Vec::new(), settings: settings.to_vec() };
        process::init(world.command(&[]));
        for number in 0..tenants {
            let name = format!("Tenant {number}");
            let create = ["tenant", "create", "--name", &name, "--rp-id", RP_ID, "--origin", ORIGIN];
            let created = world.json(&[&create[..], &["--api-key", "--json"]].concat());
            let text = |pointer: &str| created.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            world.tenants.push((text("/id"), text("/api_key/secret")));
        }
        world
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    fn key_file(&self) -> PathBuf {
        self.data().join("master.key")
    }

    fn new_key_file(&self) -> PathBuf {
        self.data().join("master.key.new")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = process::command(env!("CARGO_BIN_EXE_doorward"), self.data(), &self.url);
        command.args(arguments).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    fn json(&self, arguments: &[&str]) -> Value {
        process::json(self.command(arguments))
    }

    fn refused(&self, arguments: &[&str], part: &str) {
        let output = self.command(arguments).output().unwrap();
        let message = text(&output);
        assert!(!output.status.success() && message.contains(part), "{arguments:?}: {message}");
    }

    fn rotate(&self, arguments: &[&str]) -> Value {
        self.json(&[&["master-key", "rotate", "--yes", "--json"], arguments].concat())
    }

    fn serve(&self) -> Process {
        Process::serve(self.command(&[]))
    }

    /// Logs in a new user at every tenant and returns the tokens. Checks that the keys that signed the tokens in
    /// `before` are still published.
    async fn check_tokens(&self, before: &[(usize, String)]) -> Vec<(usize, String)> {
        let server = self.serve();
        let mut tokens = Vec::new();
        for (number, (id, key)) in self.tenants.iter().enumerate() {
            let tenant = server.tenant(id, key);
            let mut person = Person::new("zoe");
            let _ = person.register(&tenant).await.expect(200);
            tokens.push((number, person.login(&tenant).await.expect(200).field("token")));
            for (_, token) in before.iter().filter(|(of, _)| *of == number) {
                assert!(published(&tenant, token).await, "the old token of tenant {number}");
            }
        }
        server.terminate();
        tokens
    }
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Returns whether the key of a token is in the tenant's JWKS.
async fn published(tenant: &TestTenant, token: &str) -> bool {
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    tenant.anonymous.get("/.well-known/jwks.json").await.expect(200).text.contains(&kid)
}

fn write_key(path: &Path, byte: u8) {
    let options = || fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    std::io::Write::write_all(&mut options().unwrap(), &[byte; 32]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_replaces_the_key_and_tokens_stay_valid() {
    let world = World::new(3, &[]).await;
    let tokens = world.check_tokens(&[]).await;
    let old = fs::read(world.key_file()).unwrap();
    let result = world.rotate(&[]);
    assert_eq!((&result["signing_keys"], &result["undecryptable"]), (&3.into(), &0.into()), "{result}");
    assert_ne!(fs::read(world.key_file()).unwrap(), old);
    assert_eq!(fs::metadata(world.key_file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!world.new_key_file().exists());
    let _ = world.check_tokens(&tokens).await;
    let entry = "SELECT detail AS value FROM audit_logs WHERE type = 'master_key_rotated'";
    let entries = database::texts(&world.url, entry).await;
    assert_eq!(entries.len(), 1);
    assert!(entries[0].contains(r#""signing_keys":3"#), "{entries:?}");

    fs::write(world.key_file(), &old).unwrap();
    world.refused(&["serve"], "not the master key of this database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_is_refused_while_a_server_runs_and_without_confirmation() {
    let world = World::new(1, &[]).await;
    let key = fs::read(world.key_file()).unwrap();
    world.refused(&["master-key", "rotate"], "--yes");
    let server = world.serve();
    world.refused(&["master-key", "rotate", "--yes"], "another process uses it");
    assert!(!world.new_key_file().exists(), "a refused rotation creates no key");
    server.terminate();
    assert_eq!(fs::read(world.key_file()).unwrap(), key);
    let same = world.key_file().display().to_string();
    world.refused(&["master-key", "rotate", "--yes", "--new-file", &same], "is the same as the current one");
}

/// Undoes a part of a rotation, as if the rotation had been killed. One signing key and the check text (the row
/// `master_key_check`) are then encrypted with the old master key, the other signing keys with the new one.
const UNDO_HALF: &str = "
    UPDATE signing_keys SET sealed_private_key =
        (SELECT s.sealed_private_key FROM saved_keys AS s WHERE s.id = signing_keys.id)
        WHERE id = (SELECT min(id) FROM saved_keys);
    INSERT INTO installation (name, value)
        SELECT 'master_key_rotation', value FROM installation WHERE name = 'master_key_check';
    UPDATE installation SET value = (SELECT value FROM saved_text) WHERE name = 'master_key_check';
    DROP TABLE saved_keys; DROP TABLE saved_text;";

const SAVE: &str = "
    CREATE TABLE saved_keys AS SELECT * FROM signing_keys;
    CREATE TABLE saved_text AS SELECT value FROM installation WHERE name = 'master_key_check';";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_rotation_is_completed_by_the_next_one() {
    let world = World::new(3, &[]).await;
    let tokens = world.check_tokens(&[]).await;
    let old = fs::read(world.key_file()).unwrap();
    database::execute(&world.url, SAVE).await;
    let _ = world.rotate(&[]);
    let new = fs::read(world.key_file()).unwrap();
    let restore_files = || {
        fs::rename(world.key_file(), world.new_key_file()).unwrap();
        write_key(&world.key_file(), 0);
        fs::write(world.key_file(), &old).unwrap();
    };

    // Simulates a rotation that was killed after its first unit of work.
    database::execute(&world.url, UNDO_HALF).await;
    restore_files();
    for command in [
        &["serve"][..],
        &["init"],
        &["migrate"],
        &["tenant", "list"],
        &["signing-key", "reset", "--yes"],
        &["check-config"],
    ] {
        if command[0] != "check-config" || database::is_sqlite("check-config reads the database") {
            world.refused(command, "a rotation of the master key is not complete");
        }
    }
    let other = world.data().join("other");
    write_key(&other, 9);
    let other = other.display().to_string();
    world.refused(&["master-key", "rotate", "--yes", "--new-file", &other], "was begun");
    assert_eq!(world.rotate(&[])["signing_keys"], 3);
    assert_eq!(fs::read(world.key_file()).unwrap(), new);

    // Simulates a rotation that was killed before it renamed the file with the new key.
    restore_files();
    for command in
        [&["serve"][..], &["signing-key", "reset", "--yes"], &["master-key", "rotate", "--yes", "--new-file", &other]]
    {
        world.refused(command, "a rotation of the master key is not complete");
    }
    assert_eq!(world.rotate(&[])["signing_keys"], 3);
    assert_eq!((fs::read(world.key_file()).unwrap(), world.new_key_file().exists()), (new, false));
    let _ = world.check_tokens(&tokens).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_rotation_loses_nothing() {
    let world = World::new(2, &[]).await;
    let tokens = world.check_tokens(&[]).await;
    for _ in 0..3 {
        let mut rotate = world.command(&["master-key", "rotate", "--yes"]);
        let mut child = rotate.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = async || world.new_key_file().exists() || child.try_wait().unwrap().is_some();
        until("the rotation creates its key", begun).await;
        child.kill().unwrap();
        let _ = child.wait().unwrap();
    }
    assert_eq!(world.rotate(&[])["signing_keys"], 2);
    let _ = world.check_tokens(&tokens).await;
}

#[tokio::test]
async fn unused_new_key_does_not_replace_the_current_one() {
    let world = World::new(1, &[]).await;
    // Simulates a rotation that stopped after it had written the new key file and before it changed the database.
    write_key(&world.new_key_file(), 5);
    let before = fs::read(world.key_file()).unwrap();
    let provided = world.data().join("provided.key");
    write_key(&provided, 6);
    let _ = world.rotate(&["--new-file", provided.to_str().unwrap()]);
    assert_eq!(fs::read(world.key_file()).unwrap(), before, "backups need the earlier key");
}

#[tokio::test]
async fn command_that_generates_a_key_is_refused() {
    let world = World::new(1, &[]).await;
    let rotate = ["master-key", "rotate", "--yes", "--new-command", "head -c 32 /dev/urandom"];
    world.refused(&rotate, "supplies a different key each time");
    let _ = world.check_tokens(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_from_a_command_is_used_and_rotated() {
    let keys = tempfile::tempdir().unwrap();
    let (first, second) = (keys.path().join("first"), keys.path().join("second"));
    write_key(&first, 0x41);
    write_key(&second, 0x42);
    let cat = |path: &Path| format!("cat {}", path.display());
    let mut world = World::new(2, &[("DOORWARD_MASTER_KEY_COMMAND", cat(&first))]).await;
    assert!(!world.key_file().exists(), "no key is created");
    let server = world.serve();
    let log = server.terminate_and_read_log().join("\n");
    assert!(!log.contains("AAAA"), "{log}");
    let tokens = world.check_tokens(&[]).await;

    world.refused(&["master-key", "rotate", "--yes"], "--new-command");
    assert_eq!(world.rotate(&["--new-command", &cat(&second)])["signing_keys"], 2);
    world.refused(&["serve"], "the command cat is not the master key of this database");
    world.settings = vec![("DOORWARD_MASTER_KEY_COMMAND", cat(&second))];
    let _ = world.check_tokens(&tokens).await;

    // Commands that need no signing keys work although the command that prints the master key fails.
    world.settings = vec![("DOORWARD_MASTER_KEY_COMMAND", "false".to_owned())];
    world.refused(&["serve"], "the command false: it failed");
    assert_eq!(world.json(&["tenant", "list", "--json"]).as_array().unwrap().len(), 2);
    let rotated = [("DOORWARD_MASTER_KEY_FILE", second.display().to_string())];
    world.settings = rotated.to_vec();
    let _ = world.check_tokens(&tokens).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_is_created_for_an_existing_installation() {
    let world = World::new(1, &[]).await;
    let key = world.data().join("kept");
    fs::rename(world.key_file(), &key).unwrap();
    world.refused(&["serve"], "there is no master key");
    fs::remove_file(world.data().join("admin.token")).unwrap();
    let statement = "DELETE FROM installation WHERE name = 'master_key_check'";
    database::execute(&world.url, statement).await;
    for command in [&["serve"][..], &["init"], &["signing-key", "reset", "--yes"]] {
        world.refused(command, "its master key is not known");
    }
    assert!(!world.key_file().exists());
    // A file that the operator names must exist, even for a new installation.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("provided");
    let database = folder.path().join("new.db").display().to_string();
    let mut init = process::command(env!("CARGO_BIN_EXE_doorward"), folder.path(), &database);
    let output = init.arg("init").env("DOORWARD_MASTER_KEY_FILE", &file).output().unwrap();
    let message = text(&output);
    assert!(message.contains("there is no master key at") && message.contains("openssl rand"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was created");
    let nowhere = world.data().join("nowhere").display().to_string();
    fs::rename(&key, world.key_file()).unwrap();
    let output = world.command(&["master-key", "rotate", "--yes", "--new-file", &nowhere]).output().unwrap();
    let message = text(&output);
    assert!(message.contains(&nowhere) && !message.contains("signing-key reset"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_removes_what_a_killed_one_has_left_and_follows_a_symbolic_link() {
    let world = World::new(1, &[]).await;
    let tokens = world.check_tokens(&[]).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("real.key");
    fs::rename(world.key_file(), &target).unwrap();
    std::os::unix::fs::symlink(&target, world.key_file()).unwrap();
    let old = fs::read(&target).unwrap();
    let temporary = world.data().join("master.key.new.tmp-QUJDREVGR0hJ");
    write_key(&temporary, 7);
    assert_eq!(world.rotate(&[])["signing_keys"], 1);
    assert!(world.key_file().is_symlink() && !world.new_key_file().exists() && !temporary.exists());
    let new = fs::read(&target).unwrap();
    assert_ne!(new, old);
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    let _ = world.check_tokens(&tokens).await;

    // Simulates a rotation that was killed after it had replaced the target of the symbolic link, but before it had
    // removed the file with the new key.
    fs::write(world.new_key_file(), &new).unwrap();
    fs::set_permissions(world.new_key_file(), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(world.rotate(&[])["signing_keys"], 1);
    assert_ne!(fs::read(&target).unwrap(), new);
    assert!(!world.new_key_file().exists());
    let _ = world.check_tokens(&tokens).await;
}

/// Base64 of an encrypted value in format 2. This version of Doorward does not know this format.
const NEWER: &str = "AgAA";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_a_newer_program_are_neither_rotated_nor_replaced() {
    let world = World::new(1, &[]).await;
    let rotate = ["master-key", "rotate", "--yes"];
    let reset = ["signing-key", "reset", "--yes"];
    let marker = "SELECT value FROM installation WHERE name = 'master_key_rotation'";
    let keys = "SELECT id AS value FROM signing_keys";
    let insert = format!("INSERT INTO installation (name, value) VALUES ('api_key_digest_key', '{NEWER}')");
    database::execute(&world.url, &insert).await;
    for arguments in [rotate, reset] {
        world.refused(&arguments, "the digest key of imported API keys: the private key is encrypted in format 2");
    }
    database::execute(&world.url, "DELETE FROM installation WHERE name = 'api_key_digest_key'").await;

    let newer = if database::postgres().is_some() { r"'\x0200'::bytea" } else { "x'0200'" };
    database::execute(&world.url, "CREATE TABLE saved_keys AS SELECT * FROM signing_keys").await;
    database::execute(&world.url, &format!("UPDATE signing_keys SET sealed_private_key = {newer}")).await;
    for arguments in [rotate, reset] {
        world.refused(&arguments, "encrypted in format 2");
    }
    assert_eq!(database::texts(&world.url, marker).await, Vec::<String>::new(), "no rotation was begun");
    assert_eq!(database::texts(&world.url, keys).await.len(), 1);
    let restore = "UPDATE signing_keys SET sealed_private_key = (SELECT sealed_private_key FROM saved_keys)";
    database::execute(&world.url, restore).await;
    assert_eq!(world.rotate(&[])["signing_keys"], 1);

    let statement = format!("UPDATE installation SET value = '{NEWER}' WHERE name = 'master_key_check'");
    database::execute(&world.url, &statement).await;
    world.refused(&reset, "encrypted in format 2");
    fs::remove_file(world.key_file()).unwrap();
    world.refused(&reset, "encrypted in format 2");
    assert!(!world.key_file().exists());
}

#[test]
fn rotation_covers_every_sealed_column() {
    let schema = include_str!("../src/store/schema.rs");
    let words = schema.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let mut sealed: Vec<&str> = words.filter(|word| word.starts_with("sealed_")).collect();
    sealed.dedup();
    assert_eq!(sealed, ["sealed_private_key"], "encrypt new columns again in service/admin/master_key_rotation.rs");
}
