//! PgBouncer in front of the PostgreSQL server for tests. `.ci/pgbouncer` starts it.

use std::{path::PathBuf, process::Command};

/// Exit code of `.ci/pgbouncer` if PgBouncer is missing.
const MISSING: i32 = 77;

/// A running PgBouncer. Dropping this value stops it.
#[derive(Debug)]
pub struct PgBouncer {
    pub port: u16,
    folder: tempfile::TempDir,
}

impl PgBouncer {
    /// Starts PgBouncer in the mode `transaction` or `session` if this test run uses PostgreSQL. If it uses SQLite, or
    /// if PgBouncer is missing, prints that the test is skipped.
    pub fn start(test: &str, mode: &str) -> Option<Self> {
        if !crate::database::is_postgres(test) {
            return None;
        }
        let server = url::Url::parse(&crate::database::postgres()?).expect("a URL");
        let folder = tempfile::Builder::new().prefix("doorward-pgbouncer-").tempdir().expect("a folder");
        let port = server.port().unwrap_or(5432).to_string();
        let output = script("start").arg(folder.path()).args([&port, mode]).output().expect("the script runs");
        if output.status.code() == Some(MISSING) {
            eprintln!("SKIPPED without PgBouncer, which `.ci/pgbouncer install` unpacks: {test}");
            return None;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let port = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a port");
        Some(Self { port, folder })
    }

    /// Converts the direct URL of a database to the URL through PgBouncer.
    pub fn url(&self, direct: &str) -> String {
        with_port(direct, self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let output = script("stop").arg(self.folder.path()).output();
        if !output.as_ref().is_ok_and(|output| output.status.success()) {
            eprintln!("PgBouncer in {} was not stopped: {output:?}", self.folder.path().display());
        }
    }
}

pub(crate) fn with_port(url: &str, port: u16) -> String {
    let mut url = url::Url::parse(url).expect("a URL");
    url.set_port(Some(port)).expect("a URL with a port");
    url.to_string()
}

fn script(command: &str) -> Command {
    let mut script = Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.ci/pgbouncer"));
    script.arg(command);
    script
}
