//! Both APIs on Unix sockets.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use doorward_testkit::{Http, ORIGIN, Person, Process, RP_ID, process, until};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

use crate::support::{ALIVE, command, shell};

/// A data folder, and a folder with the sockets.
struct World {
    data: TempDir,
    sockets: TempDir,
}

impl World {
    fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap(), sockets: tempfile::tempdir().unwrap() }
    }

    fn public(&self) -> PathBuf {
        self.sockets.path().join("public.sock")
    }

    fn admin(&self) -> PathBuf {
        self.sockets.path().join("admin.sock")
    }

    fn addresses(&self) -> [String; 2] {
        [self.public(), self.admin()].map(|path| format!("unix:{}", path.display()))
    }

    /// Runs shell statements and then starts a server on both sockets.
    fn serve(&self, statements: &str, drain: &str) -> Process {
        let [public, admin] = self.addresses();
        let mut command = command(self.data.path());
        command.env("DOORWARD_WORKERS", "2").env("DOORWARD_DRAIN", drain);
        Process::serve_at(shell(&command, statements), &public, &admin)
    }

    /// Starts another server, which must fail, and returns the error message of this server.
    fn refused(&self) -> String {
        let [public, _] = self.addresses();
        let other = tempfile::tempdir().unwrap();
        let mut command = command(other.path());
        let output = command.args(["serve", "--public-addr", &public, "--admin-addr", "127.0.0.1:0"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Returns the names in the folder of the sockets.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.sockets.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Sends a request on a new connection and returns the response; `None` if the server refuses the connection.
async fn alive(socket: &Path) -> Option<String> {
    let mut stream = match UnixStream::connect(socket).await {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return None,
        connected => connected.unwrap(),
    };
    stream.write_all(ALIVE).await.unwrap();
    let mut buffer = [0; 1024];
    let length = stream.read(&mut buffer).await.unwrap();
    Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
}

#[tokio::test]
async fn all_ceremonies_succeed_and_the_sockets_are_removed_at_the_stop() {
    let world = World::new();
    // The systemd unit sets the strictest umask. The modes of the sockets must not depend on the umask.
    let server = world.serve("umask 0077", "0s");
    let [public, _] = world.addresses();
    assert_eq!(server.public_url, public, "the log names the socket");
    for (socket, mode) in [(world.public(), 0o660), (world.admin(), 0o600)] {
        let metadata = fs::metadata(socket).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.mode() & 0o7777, mode);
    }
    let mut create = command(world.data.path());
    create.args(["tenant", "create", "--name", "Shop", "--rp-id", RP_ID, "--origin", ORIGIN, "--api-key", "--json"]);
    let created = process::json(create);
    let (id, key) = (created["id"].as_str().unwrap(), created["api_key"]["secret"].as_str().unwrap());

    let mut probe = command(world.data.path());
    probe.args(["probe", "--url", &public, "--tenant", id, "--origin", ORIGIN, "--json"]).env("DOORWARD_API_KEY", key);
    let probed = process::json(probe);
    assert_eq!(probed["ok"], true, "{probed}");

    let tenant = server.tenant(id, key);
    let mut person = Person::new("alice");
    let _ = person.register_mfa(&tenant).await.expect(200);
    let _ = person.mfa_login(&tenant).await.expect(200);
    let proxied = tenant.http.clone().header("x-forwarded-for", "203.0.113.9, 198.51.100.7");
    let _ = proxied.post("/mfa/login/initialize", &serde_json::json!({ "user_id": "alice" })).await.expect(200);
    let addresses: Vec<String> = tenant
        .http
        .get("/audit_logs?actor_user_id=alice")
        .await
        .expect(200)
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["meta_source_ip"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(addresses, ["198.51.100.7", "unix", "unix", "unix", "unix"]);

    let token = fs::read_to_string(world.data.path().join("admin.token")).unwrap();
    let admin = Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {}", token.trim()));
    assert_eq!(admin.get("/tenants").await.expect(200).json().as_array().unwrap().len(), 1);
    // The HTTP client keeps its connection to the public API open.
    let open = admin.get("/vitals").await.expect(200).json()["connections"].as_u64();
    assert!(open >= Some(1), "{open:?}");
    server.terminate();
    assert_eq!(world.names(), [""; 0]);
}

#[tokio::test]
async fn socket_of_a_killed_server_is_replaced() {
    let world = World::new();
    world.serve(":", "0s").kill();
    assert!(world.names().contains(&"public.sock".to_owned()) && alive(&world.public()).await.is_none());
    let server = world.serve(":", "0s");
    assert!(alive(&world.public()).await.unwrap().starts_with("HTTP/1.1 200 OK"));
    server.terminate();
    assert_eq!(world.names(), [""; 0]);
}

#[tokio::test]
async fn second_server_does_not_take_the_socket() {
    let world = World::new();
    let server = world.serve(":", "0s");
    let message = world.refused();
    assert!(message.contains("server.public_addr: cannot listen on unix:"), "{message}");
    assert!(message.contains("another process listens on this socket"), "{message}");
    assert!(alive(&world.public()).await.unwrap().starts_with("HTTP/1.1 200 OK"));
    server.terminate();
}

#[test]
fn file_that_is_no_socket_is_kept() {
    let world = World::new();
    fs::write(world.public(), "data").unwrap();
    let message = world.refused();
    assert!(message.contains("exists and is not a socket"), "{message}");
    assert_eq!(fs::read_to_string(world.public()).unwrap(), "data");
    assert_eq!(world.names(), ["public.sock"]);
}

#[tokio::test]
async fn each_request_gets_a_response_while_the_server_stops() {
    let world = World::new();
    let server = world.serve(":", "200ms");
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let socket = world.public();
            tokio::spawn(async move {
                let mut responses = 0;
                while let Some(response) = alive(&socket).await {
                    assert!(response.starts_with("HTTP/1.1 200 OK"), "response {responses}: {response:?}");
                    responses += 1;
                }
                responses
            })
        })
        .collect();
    until("the server responds", async || alive(&world.public()).await.is_some()).await;
    server.signal("TERM");
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
    assert!(server.wait().success());
}

#[tokio::test]
async fn tls_on_a_unix_socket_gets_a_response_about_the_socket() {
    let world = World::new();
    let _server = world.serve(":", "0s");
    let mut stream = UnixStream::connect(world.public()).await.unwrap();
    stream.write_all(&b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03".repeat(20)).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.contains("this Unix socket does not speak TLS"), "{response}");
}

#[test]
fn quickstart_refuses_unix_sockets() {
    let world = World::new();
    let mut command = command(world.data.path());
    let output = command.args(["quickstart", "--public-addr", &world.addresses()[0]]).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && message.contains("quickstart needs TCP addresses"), "{message}");
}
