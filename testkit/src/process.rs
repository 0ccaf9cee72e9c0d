//! Runs the `doorward` binary in separate processes.

use std::{
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use serde_json::Value;

use crate::{http::Http, server::TestTenant};

/// Returns a command that runs the binary. The environment of the command contains only the given settings, and
/// addresses on free ports: tests run in parallel, and a server may use the default ports.
pub fn command(binary: &str, data: &Path, database: &str) -> Command {
    let mut command = Command::new(binary);
    let _ = command.env_clear().env("DOORWARD_DATA_DIR", data).env("DOORWARD_DATABASE_URL", database);
    let _ = command.env("DOORWARD_PUBLIC_ADDR", FREE_PORT).env("DOORWARD_ADMIN_ADDR", FREE_PORT);
    // Tests have no load balancer, so a server need not wait before it stops.
    let _ = command.env("DOORWARD_DRAIN", "0s");
    command
}

/// Creates an installation with `doorward init`.
pub fn init(mut command: Command) {
    let _ = json({
        command.args(["init", "--json"]);
        command
    });
}

/// Runs a command and returns its JSON output.
pub fn json(mut command: Command) -> Value {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

const FREE_PORT: &str = "127.0.0.1:0";

/// A server in a separate process. Dropping it kills the process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pub public_url: String,
    pub admin_url: String,
    log: Arc<Mutex<Vec<String>>>,
    /// Number of log lines that the server had written when it began to listen.
    lines_of_start: usize,
    /// Thread that reads the log to its end.
    log_reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts `doorward serve` on free ports and waits until it listens.
    pub fn serve(command: Command) -> Self {
        Self::serve_at(command, FREE_PORT, FREE_PORT)
    }

    /// Starts `doorward serve` on these addresses of the public and the admin API, and waits until it listens.
    pub fn serve_at(command: Command, public: &str, admin: &str) -> Self {
        let (mut process, lines) = Self::start(command, public, admin);
        // The log must be read to its end, because the server discards lines while the pipe is full.
        let log = Arc::clone(&process.log);
        process.log_reader = Some(std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| log.lock().unwrap_or_else(PoisonError::into_inner).push(line));
        }));
        process
    }

    /// Starts a server like [`Process::serve`]. When the server listens, this function closes the reading end of the
    /// pipe to which the server writes its log.
    pub fn serve_with_closed_log(command: Command) -> Self {
        Self::start(command, FREE_PORT, FREE_PORT).0
    }

    fn start(mut command: Command, public: &str, admin: &str) -> (Self, Lines<BufReader<ChildStderr>>) {
        let mut child = command
            .args(["serve", "--public-addr", public, "--admin-addr", admin])
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
        let url = |name: &str| {
            let address = started[name].as_str().unwrap_or_default();
            if address.starts_with("unix:") { address.to_owned() } else { format!("http://{address}") }
        };
        let (public_url, admin_url) = (url("public"), url("admin"));
        let lines_of_start = log_lines.len();
        let log = Arc::new(Mutex::new(log_lines));
        (Self { child, public_url, admin_url, log, lines_of_start, log_reader: None }, lines)
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

    /// Returns the lines of the log that have arrived so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a signal, for example `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("a signal");
        assert!(sent.success(), "the process runs");
    }

    /// Waits until the process has ended.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("an exit status")
    }

    /// Stops the server with SIGTERM and waits for a successful exit.
    pub fn terminate(self) {
        let _ = self.terminate_and_read_log();
    }

    /// Like [`Process::terminate`], but also returns the log lines that were written after the start.
    pub fn terminate_and_read_log(mut self) -> Vec<String> {
        self.signal("TERM");
        assert!(self.child.wait().expect("an exit status").success(), "SIGTERM stops the server with exit code 0");
        self.log_reader.take().into_iter().for_each(|reader| reader.join().expect("the log ends"));
        self.log().split_off(self.lines_of_start)
    }

    /// Like [`Process::terminate`], but returns the time from the signal to the exit.
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
        // Neither call has an effect if the test has already stopped the server.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
