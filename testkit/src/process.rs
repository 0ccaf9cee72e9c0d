//! The `doorward` binary in processes of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::{http::Http, server::TestTenant};

/// The binary with nothing of this process's settings in its environment.
#[must_use]
pub fn command(binary: &str, data: &Path, database: &str) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("DOORWARD_DATA_DIR", data).env("DOORWARD_DATABASE_URL", database);
    command
}

/// What a command that succeeds prints.
///
/// # Panics
/// When it fails, or prints no JSON.
#[must_use]
pub fn json(mut command: Command) -> Value {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A server in a process of its own. Killed with the value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where the public API listens.
    pub public_url: String,
    /// Where the admin API listens.
    pub admin_url: String,
}

impl Process {
    /// Starts `doorward serve` on free ports and waits until it listens.
    #[must_use]
    pub fn serve(mut command: Command) -> Self {
        let mut child = command
            .args(["serve", "--public-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .env("DOORWARD_LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut lines = log.lines().map(|line| line.expect("a line of the log"));
        let mut told = Vec::new();
        let started = lines
            .by_ref()
            .inspect(|line| told.push(line.clone()))
            .find_map(|line| serde_json::from_str(&line).ok().filter(|line: &Value| line.get("public").is_some()));
        let started = started.unwrap_or_else(|| panic!("it does not say where it listens:\n{}", told.join("\n")));
        // The pipe is read on, so that the server never waits for it.
        std::thread::spawn(move || lines.for_each(drop));
        let url = |name: &str| format!("http://{}", started[name].as_str().unwrap_or_default());
        Self { child, public_url: url("public"), admin_url: url("admin") }
    }

    /// Which process it is.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A tenant of this server, as a holder of its API key sees it.
    #[must_use]
    pub fn tenant(&self, id: &str, api_key: &str) -> TestTenant {
        let anonymous = Http::new(format!("{}/{id}", self.public_url));
        TestTenant {
            id: id.parse().expect("a tenant's id"),
            api_key: api_key.to_owned(),
            http: anonymous.clone().header("apiKey", api_key),
            anonymous,
        }
    }

    /// Ends it as a supervisor does, and waits for its end.
    pub fn terminate(mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("a signal");
        assert!(sent.success() && self.child.wait().expect("its end").success(), "SIGTERM ends it well");
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("a signal");
        let _ = self.child.wait().expect("its end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already ended where the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
