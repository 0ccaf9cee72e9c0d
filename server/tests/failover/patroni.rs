//! A PostgreSQL cluster with automatic failover. `.ci/patroni` starts it.

use std::{path::PathBuf, process::Command, time::Duration};

/// Duration of the leader's lease, in seconds.
const TTL: u64 = 20;
/// Time between two checks by Patroni, in seconds.
const LOOP_WAIT: u64 = 2;
/// Maximum time from the failure of the leader until the next login succeeds.
pub(crate) const RECOVERY: Duration = Duration::from_secs(TTL + LOOP_WAIT + 2);

/// A cluster of two servers. Dropping it kills all processes and deletes the data.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    /// Database URL through HAProxy.
    pub(crate) proxy_url: String,
    /// Database URL that lists both servers.
    pub(crate) both_url: String,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("doorward-patroni-").tempdir().unwrap();
        let urls = run("start", &[&path(&folder)]);
        let (proxy_url, both_url) = urls.split_once('\n').unwrap();
        Self { proxy_url: proxy_url.to_owned(), both_url: both_url.to_owned(), folder }
    }

    pub(crate) fn leader(&self) -> String {
        run("leader", &[&path(&self.folder)])
    }

    /// Kills a server and its Patroni process with SIGKILL.
    pub(crate) fn kill(&self, name: &str) {
        run("kill", &[&path(&self.folder), name]);
    }

    /// Starts a killed server again and waits until this server is a synchronous standby.
    pub(crate) fn resume(&self, name: &str) {
        run("resume", &[&path(&self.folder), name]);
    }

    /// Makes the standby the leader.
    pub(crate) fn switch_over(&self) {
        run("switchover", &[&path(&self.folder)]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        run("stop", &[&path(&self.folder)]);
    }
}

fn path(folder: &tempfile::TempDir) -> String {
    folder.path().display().to_string()
}

fn run(command: &str, arguments: &[&str]) -> String {
    let mut script = Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.ci/patroni"));
    script.arg(command).args(arguments).env("TTL", TTL.to_string()).env("LOOP_WAIT", LOOP_WAIT.to_string());
    let output = script.output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
