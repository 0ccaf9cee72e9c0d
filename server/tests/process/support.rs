//! A server in its own process, and connections to it.

use std::{path::Path, process::Command, time::Duration};

use doorward_testkit::{Process, process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
pub(crate) const ALIVE: &[u8] = b"GET /health/alive HTTP/1.1\r\nhost: x\r\n\r\n";

pub(crate) fn command(data: &Path) -> Command {
    process::command(env!("CARGO_BIN_EXE_doorward"), data, "")
}

/// Starts a server with two threads and the given settings.
pub(crate) fn serve(settings: &[(&str, &str)]) -> (Process, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let mut command = command(data.path());
    command.envs(settings.iter().copied());
    (serve_with(command), data)
}

/// Starts a server with two threads.
pub(crate) fn serve_with(mut command: Command) -> Process {
    command.env("DOORWARD_WORKERS", "2");
    Process::serve(command)
}

/// Returns a command that runs shell statements and then the binary.
pub(crate) fn shell(command: &Command, statements: &str) -> Command {
    let mut shell = Command::new("sh");
    let binary = command.get_program().to_str().unwrap();
    let _ = shell.args(["-c", &format!("{statements}; exec \"{binary}\" \"$@\""), "sh"]).env_clear();
    let _ = shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// Connects from the given loopback address.
pub(crate) async fn connect(url: &str, client: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{client}:0").parse().unwrap()).unwrap();
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    timeout(DEADLINE, socket.connect(address)).await.expect("a connection").unwrap()
}

/// Sends bytes and returns what the server sends until it closes the connection.
pub(crate) async fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> String {
    // The server may have closed the connection already.
    let _ = stream.write_all(bytes).await;
    let mut text = Vec::new();
    let _ = timeout(DEADLINE, stream.read_to_end(&mut text)).await.expect("the connection stays open");
    String::from_utf8(text).unwrap()
}

/// Sends a request on a new connection and returns the status; `None` if the server refuses the connection.
pub(crate) async fn status(url: &str, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let response = exchange(&mut stream, request.as_bytes()).await;
    Some(response.get(9..12).expect("a response").parse().unwrap())
}
