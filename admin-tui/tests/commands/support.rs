//! The binary with a home of its own, and a way to the server that can be cut.

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
use doorward_testkit::TestServer;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing here takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody with a token, at a terminal that is none.
pub(crate) struct Operator {
    home: TempDir,
    pub(crate) url: String,
    pub(crate) token: String,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Operator {
    /// Somebody of this role, with the token in a file as the server writes it.
    pub(crate) async fn new(server: &TestServer, role: Role) -> Self {
        let token = token(server, role).await;
        let operator = Self { home: tempfile::tempdir().unwrap(), url: server.admin_url.clone(), token };
        operator.write("data/admin.token", &operator.token);
        operator
    }

    /// The same person, on another way to the server.
    pub(crate) fn at(mut self, url: String) -> Self {
        self.url = url;
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The binary in this home, with nothing of this process's environment.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward-admin"));
        command.env_clear().env("HOME", self.home.path()).current_dir(self.home.path()).stdin(Stdio::null());
        command.args(arguments);
        command
    }

    /// The binary, told where the server is.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command.env("DOORWARD_ADMIN_URL", &self.url);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments)).await
    }

    /// A command that succeeds and has nothing to add: its standard output.
    #[track_caller]
    pub(crate) fn expect(ran: Ran) -> String {
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        ran.out
    }

    pub(crate) async fn out(&self, arguments: &[&str]) -> String {
        Self::expect(self.run(arguments).await)
    }

    /// What a command answers with `--json`.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let text = self.out(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// A command that fails with this code and prints nothing on standard output: what it says.
    pub(crate) async fn refused(&self, arguments: &[&str], code: i32) -> String {
        let ran = self.run(arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
        assert!(ran.err.starts_with("doorward-admin: "), "{}", ran.err);
        ran.err
    }
}

/// Runs a command to its end.
pub(crate) async fn ran(mut command: Command) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output().expect("the binary runs")).await.unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn token(server: &TestServer, role: Role) -> String {
    let root = server.admin(&format!("root of {role}"), Role::Admin).await;
    let request = json!({ "name": role.to_string(), "role": role });
    root.post("/admin_tokens", &request).await.expect(201).field("secret")
}

/// The cells of a table, split at two or more spaces.
pub(crate) fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// A command that goes on until it is told to stop. Ends with the value.
pub(crate) struct Running {
    process: Child,
    out: Option<BufReader<ChildStdout>>,
    err: Option<BufReader<ChildStderr>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let out = process.stdout.take().map(BufReader::new);
        let err = process.stderr.take().map(BufReader::new);
        Self { process, out, err }
    }

    /// The next line on standard output.
    pub(crate) async fn line(&mut self) -> String {
        let (reader, line) = next(self.out.take().unwrap(), "standard output").await;
        self.out = Some(reader);
        line
    }

    /// The next line on standard error.
    pub(crate) async fn note(&mut self) -> String {
        let (reader, line) = next(self.err.take().unwrap(), "standard error").await;
        self.err = Some(reader);
        line
    }

    /// Closes its standard output, as `head` does.
    pub(crate) fn stop_reading(&mut self) {
        self.out = None;
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits for its end: exit code, and what was left on standard error.
    pub(crate) async fn end(mut self) -> (i32, String) {
        let wait = tokio::task::spawn_blocking(move || {
            let mut rest = String::new();
            if let Some(err) = &mut self.err {
                std::io::Read::read_to_string(err, &mut rest).unwrap();
            }
            (self.process.wait().unwrap().code().unwrap_or(-1), rest)
        });
        tokio::time::timeout(PATIENCE, wait).await.expect("it ends").unwrap()
    }
}

async fn next<R: std::io::Read + Send + 'static>(mut reader: BufReader<R>, what: &str) -> (BufReader<R>, String) {
    let read = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        (reader, line)
    });
    let (reader, line) = tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("no {what}")).unwrap();
    assert!(line.ends_with('\n'), "{what} ended: {line:?}");
    (reader, line.trim_end().to_owned())
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended where the test ended it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A way to a server that keeps its address while the server comes and goes.
pub(crate) struct Relay {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    target: Option<SocketAddr>,
    open: Vec<TcpStream>,
}

/// What happens to a connection on which the server has said enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It ends.
    Cut,
    /// It stays, and nothing more comes.
    Hold,
}

impl Relay {
    pub(crate) fn to(server: &TestServer) -> Self {
        Self::up_to(server, u64::MAX, Then::Cut)
    }

    /// Lets through so many bytes of what the server says on each connection.
    pub(crate) fn up_to(server: &TestServer, bytes: u64, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for incoming in listener.incoming().map_while(Result::ok) {
                let mut state = shared.lock().unwrap();
                if let Some(outgoing) = state.target.and_then(|target| TcpStream::connect(target).ok()) {
                    state.open.extend([incoming.try_clone().unwrap(), outgoing.try_clone().unwrap()]);
                    pump(&incoming, &outgoing, u64::MAX, Then::Cut);
                    pump(&outgoing, &incoming, bytes, then);
                }
            }
        });
        let relay = Self { url, state };
        relay.lead_to(server);
        relay
    }

    pub(crate) fn lead_to(&self, server: &TestServer) {
        let address = server.admin_url.trim_start_matches("http://").parse().unwrap();
        self.state.lock().unwrap().target = Some(address);
    }

    /// Ends all connections, and accepts none.
    pub(crate) fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.target = None;
        for stream in state.open.drain(..) {
            // Some are closed already.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn pump(from: &TcpStream, to: &TcpStream, bytes: u64, then: Then) {
    let (from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        // Ends when either side does.
        let copied = std::io::copy(&mut std::io::Read::take(&from, bytes), &mut to);
        if then == Then::Cut || copied.is_ok_and(|copied| copied < bytes) {
            // Closed already where the other side was first.
            let _ = to.shutdown(std::net::Shutdown::Both);
        }
    });
}

/// Names of what is in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entry = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(entry).collect();
    names.sort();
    names
}
