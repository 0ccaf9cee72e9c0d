//! SIGTERM, SIGHUP, and the limit of open files.

use std::time::Instant;

use doorward_testkit::{Process, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{ALIVE, DEADLINE, command, serve, shell, status};

#[tokio::test]
async fn sigterm_makes_readiness_fail_before_the_listener_is_closed() {
    let (server, _data) = serve(&[("DOORWARD_DRAIN", "1s")]);
    server.signal("TERM");
    for url in [&server.public_url, &server.admin_url] {
        until("readiness fails", async || status(url, "/health/ready").await == Some(503)).await;
        assert_eq!(status(url, "/health/alive").await, Some(200));
    }
    assert!(server.wait().success());
}

#[tokio::test]
async fn service_manager_is_notified_of_the_start_and_the_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let (server, _data) = serve(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let next = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    assert_eq!(next().trim_end(), "READY=1");
    assert_eq!(status(&server.public_url, "/health/ready").await, Some(200));
    server.signal("TERM");
    assert_eq!(next().trim_end(), "STOPPING=1");
    assert!(server.wait().success());
}

/// Sends requests on keep-alive connections until the server refuses connections. Returns the number of responses.
async fn request_until_refused(url: String) -> usize {
    let mut responses = 0;
    while let Ok(mut stream) = TcpStream::connect(url.strip_prefix("http://").unwrap()).await {
        let mut buffer = [0; 1024];
        loop {
            stream.write_all(ALIVE).await.unwrap();
            let length = stream.read(&mut buffer).await.unwrap();
            let response = std::str::from_utf8(&buffer[..length]).unwrap();
            assert!(response.starts_with("HTTP/1.1 200 OK"), "response {responses} of the connection: {response:?}");
            responses += 1;
            if response.contains("connection: close") {
                break;
            }
        }
    }
    responses
}

#[tokio::test]
async fn each_request_gets_a_response_while_the_server_stops() {
    let (server, _data) = serve(&[("DOORWARD_DRAIN", "200ms")]);
    let clients: Vec<_> = (0..4).map(|_| tokio::spawn(request_until_refused(server.public_url.clone()))).collect();
    until("the clients send requests", async || status(&server.public_url, "/health/alive").await == Some(200)).await;
    server.signal("TERM");
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
    assert!(server.wait().success());
}

#[tokio::test]
async fn second_signal_ends_the_process_at_once() {
    for second in ["TERM", "INT"] {
        let (server, _data) = serve(&[("DOORWARD_DRAIN", "1h")]);
        server.signal("TERM");
        until("readiness fails", async || status(&server.public_url, "/health/ready").await == Some(503)).await;
        let start = Instant::now();
        server.signal(second);
        assert_eq!(server.wait().code(), Some(1));
        assert!(start.elapsed() < DEADLINE / 3, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn sighup_does_not_end_the_server() {
    let (server, _data) = serve(&[]);
    server.signal("HUP");
    until("the log mentions SIGHUP", async || {
        server.log().iter().any(|line| line.contains("SIGHUP: no certificate has changed"))
    })
    .await;
    assert_eq!(status(&server.public_url, "/health/ready").await, Some(200));
    server.terminate();
}

#[tokio::test]
async fn soft_limit_of_open_files_is_raised() {
    let data = tempfile::tempdir().unwrap();
    let mut command = command(data.path());
    let _ = command.env("DOORWARD_WORKERS", "2");
    let server = Process::serve(shell(&command, "ulimit -Sn 100; ulimit -Hn 1024"));
    assert!(server.log().iter().any(|line| line.contains(r#""max_connections":420"#)), "{:?}", server.log());
}

#[tokio::test]
async fn too_low_limit_of_open_files_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let output = shell(&command(data.path()), "ulimit -n 100").arg("serve").output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("doorward: the limit of open files is 100, but at least "), "{message}");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing was created");
}
