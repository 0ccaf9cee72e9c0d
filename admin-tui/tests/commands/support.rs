//! Runs the binary in a temporary home folder. Also provides a TCP proxy that can interrupt its connections.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use doorward_shared::admin::Role;
use doorward_testkit::{TestServer, TestTenant};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Time limit of each process. Only a hanging process exceeds this limit.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A user of the command line: home folder, server address and token.
pub(crate) struct Operator {
    home: TempDir,
    pub(crate) url: String,
    pub(crate) token: String,
}

#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Operator {
    /// Creates an admin token with this role and saves it in the data folder.
    pub(crate) async fn new(server: &TestServer, role: Role) -> Self {
        let token = token(server, role).await;
        let operator = Self { home: tempfile::tempdir().unwrap(), url: server.admin_url.clone(), token };
        operator.write("data/admin.token", &operator.token);
        operator
    }

    /// Starts a server.
    pub(crate) async fn start(role: Role) -> (TestServer, Self) {
        let server = TestServer::start().await;
        let operator = Self::new(&server, role).await;
        (server, operator)
    }

    /// Replaces the address of the server.
    pub(crate) fn at(mut self, url: String) -> Self {
        self.url = url;
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Returns the command with `HOME` as its only environment variable.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward-admin"));
        command.env_clear().env("HOME", self.home.path()).current_dir(self.home.path()).stdin(Stdio::null());
        command.args(arguments);
        command
    }

    /// Returns the command, with the address of the server in an environment variable.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command.env("DOORWARD_ADMIN_URL", &self.url);
        command
    }

    /// Returns a command whose standard streams are a terminal. Standard input is piped to the terminal.
    pub(crate) fn in_terminal(&self, arguments: &str) -> Command {
        let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_doorward-admin"));
        let mut command = Command::new("script");
        command.env_clear().env("HOME", self.home.path()).env("DOORWARD_ADMIN_URL", &self.url).env("SHELL", "/bin/sh");
        command.current_dir(self.home.path()).stdin(Stdio::piped());
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Finished {
        run_to_end(self.command(arguments)).await
    }

    /// Returns standard output. Asserts success, and that standard error is empty.
    #[track_caller]
    pub(crate) fn expect(ran: Finished) -> String {
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        ran.out
    }

    pub(crate) async fn out(&self, arguments: &[&str]) -> String {
        Self::expect(self.run(arguments).await)
    }

    /// Returns the JSON that a command prints with `--json`.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let text = self.out(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Returns standard error. Asserts the exit code, and that standard output is empty.
    pub(crate) async fn refused(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
        assert!(ran.err.starts_with("doorward-admin: "), "{}", ran.err);
        ran.err
    }

    /// Asserts the exit code and that the error contains all texts.
    pub(crate) async fn fails(&self, arguments: &[&str], code: i32, texts: &[&str]) {
        let error = self.refused(arguments, code).await;
        for text in texts {
            assert!(error.contains(text), "{arguments:?}: {text:?} is not in {error}");
        }
    }
}

/// Starts a server with a tenant.
pub(crate) async fn setup(role: Role) -> (TestServer, TestTenant, Operator) {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let operator = Operator::new(&server, role).await;
    (server, tenant, operator)
}

pub(crate) async fn run_to_end(mut command: Command) -> Finished {
    let output = tokio::task::spawn_blocking(move || command.output().expect("the binary starts")).await.unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn token(server: &TestServer, role: Role) -> String {
    let root = server.admin(&format!("root for {role}"), Role::Admin).await;
    let request = json!({ "name": role.to_string(), "role": role });
    root.post("/admin_tokens", &request).await.expect(201).field("secret")
}

/// Splits a line of a table at two or more spaces.
pub(crate) fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// A running command. Dropping the value kills it.
pub(crate) struct Process {
    child: Child,
    out: Option<BufReader<ChildStdout>>,
    err: Option<BufReader<ChildStderr>>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let out = child.stdout.take().map(BufReader::new);
        let err = child.stderr.take().map(BufReader::new);
        Self { child, out, err }
    }

    pub(crate) async fn line(&mut self) -> String {
        let (reader, line) = next(self.out.take().unwrap(), "standard output").await;
        self.out = Some(reader);
        line
    }

    pub(crate) async fn error_line(&mut self) -> String {
        let (reader, line) = next(self.err.take().unwrap(), "standard error").await;
        self.err = Some(reader);
        line
    }

    /// Writes to the process's standard input, which must be a pipe.
    pub(crate) fn write(&mut self, text: &str) {
        std::io::Write::write_all(self.child.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
    }

    /// Closes the reading end of the process's standard output, as `head` does.
    pub(crate) fn close_output(&mut self) {
        self.out = None;
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits until the process exits. Returns the exit code and the rest of standard error.
    pub(crate) async fn end(mut self) -> (i32, String) {
        let wait = tokio::task::spawn_blocking(move || {
            let mut rest = String::new();
            if let Some(err) = &mut self.err {
                std::io::Read::read_to_string(err, &mut rest).unwrap();
            }
            (self.child.wait().unwrap().code().unwrap_or(-1), rest)
        });
        tokio::time::timeout(TIMEOUT, wait).await.expect("the process exits").unwrap()
    }
}

async fn next<R: std::io::Read + Send + 'static>(mut reader: BufReader<R>, what: &str) -> (BufReader<R>, String) {
    let read = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        (reader, line)
    });
    let (reader, line) = tokio::time::timeout(TIMEOUT, read).await.unwrap_or_else(|_| panic!("no {what}")).unwrap();
    assert!(line.ends_with('\n'), "{what} ended: {line:?}");
    (reader, line.trim_end().to_owned())
}

impl Drop for Process {
    fn drop(&mut self) {
        // This fails if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A TCP proxy whose address stays the same while the server restarts.
pub(crate) struct Proxy {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    target: Option<SocketAddr>,
    open: Vec<TcpStream>,
}

/// Action of the proxy when a connection reaches the byte limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterLimit {
    Close,
    /// Keeps the connection open, but forwards no more bytes.
    Hold,
}

impl Proxy {
    pub(crate) fn new(server: &TestServer) -> Self {
        Self::with_limit(server, u64::MAX, AfterLimit::Close)
    }

    /// Starts a proxy that forwards at most `bytes` from the server on each connection.
    pub(crate) fn with_limit(server: &TestServer, bytes: u64, after: AfterLimit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for incoming in listener.incoming().map_while(Result::ok) {
                let mut state = shared.lock().unwrap();
                if let Some(outgoing) = state.target.and_then(|target| TcpStream::connect(target).ok()) {
                    state.open.extend([incoming.try_clone().unwrap(), outgoing.try_clone().unwrap()]);
                    forward(&incoming, &outgoing, u64::MAX, AfterLimit::Close);
                    forward(&outgoing, &incoming, bytes, after);
                }
            }
        });
        let proxy = Self { url, state };
        proxy.forward_to(server);
        proxy
    }

    pub(crate) fn forward_to(&self, server: &TestServer) {
        let address = server.admin_url.trim_start_matches("http://").parse().unwrap();
        self.state.lock().unwrap().target = Some(address);
    }

    /// Closes all connections. Until the next [`Self::forward_to`], also closes new connections.
    pub(crate) fn disconnect(&self) {
        let mut state = self.state.lock().unwrap();
        state.target = None;
        for stream in state.open.drain(..) {
            // This fails for connections that are already closed.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn forward(from: &TcpStream, to: &TcpStream, bytes: u64, after: AfterLimit) {
    let (from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        // Copying ends when either side closes the connection.
        let copied = std::io::copy(&mut std::io::Read::take(&from, bytes), &mut to);
        if after == AfterLimit::Close || copied.is_ok_and(|copied| copied < bytes) {
            // This fails if the other side was closed first.
            let _ = to.shutdown(std::net::Shutdown::Both);
        }
    });
}

pub(crate) fn file_names(folder: &Path) -> Vec<String> {
    let entry = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(entry).collect();
    names.sort();
    names
}
