//! Runs the `doorward` binary in separate processes.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::{http::Http, server::TestTenant};

/// Returns a command that runs the binary. Its environment contains only the given settings.
pub fn command(binary: &str, data: &Path, database: &str) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("DOORWARD_DATA_DIR", data).env("DOORWARD_DATABASE_URL", database);
    command
}

/// Runs a command and returns its JSON output.
pub fn json(mut command: Command) -> Value {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A server in a separate process. Dropping it kills the process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub public_url: String,
    pub admin_url: String,
}

impl Process {
    /// Starts `doorward serve` on free ports and waits until it listens.
    pub fn serve(mut command: Command) -> Self {
        let mut child = command
            .args(["serve", "--public-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .env("DOORWARD_LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut lines = log.lines().map(|line| line.expect("a line of the log"));
        let mut log_lines = Vec::new();
        let started = lines
            .by_ref()
            .inspect(|line| log_lines.push(line.clone()))
            .find_map(|line| serde_json::from_str(&line).ok().filter(|line: &Value| line.get("public").is_some()));
        let started = started.unwrap_or_else(|| panic!("the log has no listen address:\n{}", log_lines.join("\n")));
        // Keep reading, because the server would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let url = |name: &str| format!("http://{}", started[name].as_str().unwrap_or_default());
        Self { child, public_url: url("public"), admin_url: url("admin") }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns a tenant of this server.
    pub fn tenant(&self, id: &str, api_key: &str) -> TestTenant {
        let anonymous = Http::new(format!("{}/{id}", self.public_url));
        TestTenant {
            id: id.parse().expect("a tenant id"),
            api_key: api_key.to_owned(),
            http: anonymous.clone().header("apiKey", api_key),
            anonymous,
        }
    }

    /// Stops the server with SIGTERM and waits for a successful exit.
    pub fn terminate(mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("a signal");
        assert!(
            sent.success() && self.child.wait().expect("an exit status").success(),
            "SIGTERM stops the server with exit code 0"
        );
    }

    /// Stops the server with SIGTERM, waits for a successful exit, and returns the time that it took.
    pub fn terminate_timed(self) -> std::time::Duration {
        let start = std::time::Instant::now();
        self.terminate();
        start.elapsed()
    }

    /// Kills the server with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("a signal");
        let _ = self.child.wait().expect("an exit status");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both calls have no effect if the test has already stopped the server.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
