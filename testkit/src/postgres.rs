//! PostgreSQL servers that a test can stop, start and configure with TLS. `.ci/postgres` creates them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A PostgreSQL server of one test. Dropping it stops the server and deletes its data.
#[derive(Debug)]
pub struct PostgresServer {
    /// URL of the database `postgres` for the superuser, without TLS.
    pub url: String,
    folder: tempfile::TempDir,
}

impl PostgresServer {
    /// Starts a server if this test run uses PostgreSQL. If it does not, prints that the test is skipped.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, None)
    }

    /// Starts a server that also accepts TLS, with `server.crt` and `server.key` from the given folder.
    pub fn start_with_tls(test: &str, certificate: &Path) -> Option<Self> {
        Self::start_with(test, Some(certificate))
    }

    fn start_with(test: &str, certificate: Option<&Path>) -> Option<Self> {
        if crate::database::postgres().is_none() {
            eprintln!("SKIPPED without {}: {test}", crate::database::POSTGRES_VARIABLE);
            return None;
        }
        let folder = tempfile::Builder::new().prefix("doorward-postgres-").tempdir().expect("a folder");
        let mut command = script("start", folder.path());
        if let Some(certificate) = certificate {
            command.env("POSTGRES_TLS", certificate);
        }
        let url = String::from_utf8(run(command).stdout).expect("a URL").trim().to_owned();
        Some(Self { url, folder })
    }

    pub fn port(&self) -> u16 {
        let port = self.url.rsplit(':').next().and_then(|rest| rest.split('/').next());
        port.and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Stops the server at once, without a checkpoint. The data stays.
    pub fn pause(&self) {
        let _ = run(script("pause", self.folder.path()));
    }

    /// Kills all processes of the server with SIGKILL. The data stays.
    pub fn kill(&self) {
        let _ = run(script("kill", self.folder.path()));
    }

    /// Stops all processes of the server with SIGSTOP, so that connections stay open without a response.
    pub fn freeze(&self) {
        let _ = run(script("freeze", self.folder.path()));
    }

    /// Lets a frozen server continue.
    pub fn thaw(&self) {
        let _ = run(script("thaw", self.folder.path()));
    }

    /// Restarts the server as a standby, which accepts only reads.
    pub fn become_standby(&self) {
        let _ = run(script("standby", self.folder.path()));
    }

    /// Starts the server again on the same port.
    pub fn resume(&self) {
        let _ = run(script("resume", self.folder.path()));
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        match script("stop", self.folder.path()).output() {
            Ok(output) if output.status.success() => {}
            failed => {
                eprintln!("the PostgreSQL server in {} was not stopped: {failed:?}", self.folder.path().display())
            }
        }
    }
}

fn script(command: &str, folder: &Path) -> Command {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.ci/postgres");
    let mut script = Command::new(path);
    script.arg(command).arg(folder);
    script
}

fn run(mut command: Command) -> Output {
    let output = command.output().expect("the script runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
