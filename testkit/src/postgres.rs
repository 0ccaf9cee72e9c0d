//! PostgreSQL servers that tests may stop, start and give certificates: each its own, made by `.ci/postgres`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A PostgreSQL server of one test's own. Stopped and deleted with the value.
#[derive(Debug)]
pub struct PostgresServer {
    /// The URL of its database `postgres`, for its superuser, without TLS.
    pub url: String,
    folder: tempfile::TempDir,
}

impl PostgresServer {
    /// Starts one, where this run is to use PostgreSQL at all; otherwise says that the test is skipped.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, None)
    }

    /// Starts one that takes TLS, too, with `server.crt` and `server.key` of this folder.
    #[must_use]
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
        let url = String::from_utf8(done(command).stdout).expect("a URL").trim().to_owned();
        Some(Self { url, folder })
    }

    /// The port it listens on, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        let port = self.url.rsplit(':').next().and_then(|rest| rest.split('/').next());
        port.and_then(|port| port.parse().ok()).expect("a port")
    }

    /// Ends it as a power cut does; its data stay.
    pub fn pause(&self) {
        let _ = done(script("pause", self.folder.path()));
    }

    /// Starts it again, on the same port.
    pub fn resume(&self) {
        let _ = done(script("resume", self.folder.path()));
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

fn done(mut command: Command) -> Output {
    let output = command.output().expect("the script runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
