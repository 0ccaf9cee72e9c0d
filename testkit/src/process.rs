//! Runs the `doorward` binary in separate processes.

use std::{
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread::JoinHandle,
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
    /// Thread that reads the log to its end.
    log: Option<JoinHandle<Vec<String>>>,
}

impl Process {
    /// Starts `doorward serve` on free ports and waits until it listens.
    pub fn serve(command: Command) -> Self {
        let (mut process, lines) = Self::start(command);
        // Keep reading, because the server would lose lines if the pipe were full.
        process.log = Some(std::thread::spawn(move || lines.map_while(Result::ok).collect()));
        process
    }

    /// Starts a server like [`Process::serve`], and closes the reading end of its log when it listens.
    pub fn serve_with_closed_log(command: Command) -> Self {
        Self::start(command).0
    }

    fn start(mut command: Command) -> (Self, Lines<BufReader<ChildStderr>>) {
        let mut child = command
            .args(["serve", "--public-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"])
            .env("DOORWARD_LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut log_lines = Vec::new();
        let started = lines
            .by_ref()
            .map(|line| line.expect("a line of the log"))
            .inspect(|line| log_lines.push(line.clone()))
            .find_map(|line| serde_json::from_str(&line).ok().filter(|line: &Value| line.get("public").is_some()));
        let started = started.unwrap_or_else(|| panic!("the log has no listen address:\n{}", log_lines.join("\n")));
        let url = |name: &str| format!("http://{}", started[name].as_str().unwrap_or_default());
        (Self { child, public_url: url("public"), admin_url: url("admin"), log: None }, lines)
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
    pub fn terminate(self) {
        let _ = self.terminate_and_read_log();
    }

    /// Like [`Process::terminate`], and returns the log lines after the start.
    pub fn terminate_and_read_log(mut self) -> Vec<String> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("a signal");
        assert!(
            sent.success() && self.child.wait().expect("an exit status").success(),
            "SIGTERM stops the server with exit code 0"
        );
        self.log.take().map(|log| log.join().expect("the log ends")).unwrap_or_default()
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
