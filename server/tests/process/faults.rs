//! Faults of the SQLite database while the binary runs. During a fault, readiness checks and ceremonies get 503
//! responses. The process survives the fault and works again after it.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use doorward_testkit::{ORIGIN, Person, Process, RP_ID, Response, TestTenant, database, process, until};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::support::{command, serve_with, shell, status};

struct Installation {
    server: Process,
    tenant: TestTenant,
    person: Person,
    /// Finalize body of a login that was started before the fault.
    login: Value,
    database: String,
}

impl Installation {
    /// Starts a server with the given data folder. A write that exceeds the file size limit causes an error instead of
    /// the signal SIGXFSZ.
    async fn start(data: &Path) -> Self {
        process::init(command(data));
        let mut create = command(data);
        create.args(["tenant", "create", "--name", "Example", "--rp-id", RP_ID, "--origin", ORIGIN]);
        create.args(["--api-key", "--json"]);
        let created = process::json(create);
        let server = serve_with(shell(&command(data), "trap '' XFSZ"));
        let key = created["api_key"]["secret"].as_str().unwrap();
        let tenant = server.tenant(created["id"].as_str().unwrap(), key);
        let mut person = Person::new("alice");
        let _ = person.register(&tenant).await.expect(200);
        let login = person.login_assertion(&tenant, true).await;
        Self { server, tenant, person, login, database: data.join("doorward.db").display().to_string() }
    }

    async fn expect_ready(&self, expected: u16) {
        for url in [&self.server.public_url, &self.server.admin_url] {
            until("readiness follows the database", async || status(url, "/health/ready").await == Some(expected))
                .await;
            assert_eq!(status(url, "/health/alive").await, Some(200));
        }
    }

    async fn initialize(&self) -> Response {
        self.tenant.http.post("/registration/initialize", &self.person.registration_request()).await
    }

    async fn finalize(&self) -> Response {
        self.tenant.http.post("/login/finalize", &self.login).await
    }

    /// Sends requests that must fail with 503. Neither a success nor "not found" would be correct.
    async fn expect_unavailable(&self) {
        self.expect_ready(503).await;
        for response in [self.initialize().await, self.finalize().await] {
            assert_eq!((response.status, response.field("code").as_str()), (503, "unavailable"), "{}", response.text);
        }
    }

    /// Checks that the server is ready, and that the login that failed during the fault can be finalized now.
    async fn expect_recovered(mut self) {
        self.expect_ready(200).await;
        let _ = self.finalize().await.expect(200);
        let _ = self.person.login(&self.tenant).await.expect(200);
        assert!(!self.server.log().iter().any(|line| line.contains("panic")), "{:#?}", self.server.log());
        self.server.terminate();
        assert_eq!(database::faults(&self.database).await, [""; 0]);
    }
}

#[tokio::test]
async fn failing_writes_cause_503_until_they_succeed() {
    let data = tempfile::tempdir().unwrap();
    let installation = Installation::start(data.path()).await;
    let pid = Pid::from_raw(installation.server.pid().cast_signed());
    let limit = |current| prlimit(pid, Resource::Fsize, Rlimit { current, maximum: None }).unwrap();
    let before = limit(Some(0));
    installation.expect_unavailable().await;
    let _ = limit(before.current);
    installation.expect_recovered().await;
}

#[tokio::test]
async fn write_lock_of_another_process_causes_503_until_it_ends() {
    let data = tempfile::tempdir().unwrap();
    let installation = Installation::start(data.path()).await;
    let mut other = SqliteConnection::establish(&installation.database).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE").unwrap();
    installation.expect_unavailable().await;
    other.batch_execute("ROLLBACK").unwrap();
    installation.expect_recovered().await;
}

#[tokio::test]
async fn removed_database_causes_503_until_it_is_back() {
    let data = tempfile::tempdir().unwrap();
    let installation = Installation::start(data.path()).await;
    let aside = data.path().join("aside.db");
    std::fs::rename(&installation.database, &aside).unwrap();
    installation.expect_unavailable().await;
    // The file at the path is now a copy. The server has opened the original file.
    std::fs::copy(&aside, &installation.database).unwrap();
    installation.expect_unavailable().await;
    // A process that opens the copy recognizes by the write-ahead log that it belongs to another file. Several
    // checkpoints are due during these requests, and none of them may empty the log.
    let wal = format!("{}-wal", installation.database);
    let (start, size) = (Instant::now(), || std::fs::metadata(&wal).unwrap().len());
    let before = size();
    while start.elapsed() < Duration::from_secs(3) {
        installation.expect_ready(503).await;
    }
    assert!(before > 0 && size() == before, "{before} and {} bytes", size());
    std::fs::rename(&aside, &installation.database).unwrap();
    installation.expect_recovered().await;
}

/// Runs a command that needs special rights. Returns whether it succeeded.
fn try_run(program: &str, arguments: &[&str]) -> bool {
    let succeeded = Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    if !succeeded {
        eprintln!("SKIPPED, because this is not permitted: {program} {}", arguments.join(" "));
    }
    succeeded
}

#[tokio::test]
async fn read_only_files_cause_503_until_they_are_writable() {
    let data = tempfile::tempdir().unwrap();
    let installation = Installation::start(data.path()).await;
    let wal = format!("{}-wal", installation.database);
    if try_run("chattr", &["+i", &wal]) {
        installation.expect_unavailable().await;
        assert!(try_run("chattr", &["-i", &wal]));
    }
    installation.expect_recovered().await;
}

/// A file system in memory. It is unmounted on drop.
struct FileSystem<'a>(&'a Path);

impl<'a> FileSystem<'a> {
    fn mount(folder: &'a Path, size: &str) -> Option<Self> {
        let path = folder.to_str().unwrap();
        try_run("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", path]).then_some(Self(folder))
    }
}

impl Drop for FileSystem<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[tokio::test]
async fn full_disk_causes_503_until_there_is_space() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = FileSystem::mount(folder.path(), "80m") else { return };
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let installation = Installation::start(&data).await;
    let ballast = folder.path().join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[0; 64 * 1024]).is_ok() {}
    installation.expect_ready(503).await;
    let response = installation.initialize().await;
    assert_eq!((response.status, response.field("code").as_str()), (503, "unavailable"), "{}", response.text);
    std::fs::remove_file(&ballast).unwrap();
    drop(file);
    installation.expect_recovered().await;
}
