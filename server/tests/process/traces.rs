//! Traces that the binary sends to a collector.

use doorward_testkit::{Process, process, until};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::support::{command, exchange, serve_with, status};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Starts a collector. It responds to each request with the given status and passes the request to the receiver.
async fn collector(status: &'static str) -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            let response = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(response.as_bytes()).await.unwrap();
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (url, requests)
}

/// Reads a head and a body with `Content-Length`.
async fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the request is complete");
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some(head) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let length = text.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        if request.len() >= head + 4 + length.parse::<usize>().unwrap() {
            return request;
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Sends a POST request without a body.
async fn send(server: &Process, path: &str) -> String {
    let mut stream = TcpStream::connect(server.public_url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\
         traceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n\r\n"
    );
    exchange(&mut stream, head.as_bytes()).await
}

/// Starts a server that traces only the requests for which a trusted proxy demands a trace. Also returns the path of
/// the initialize request of a login.
fn serve_traced(url: &str, trusted: &str) -> (Process, TempDir, String) {
    let data = tempfile::tempdir().unwrap();
    process::init(command(data.path()));
    let mut create = command(data.path());
    let _ = create.args([
        "tenant",
        "create",
        "--name",
        "Acme",
        "--rp-id",
        "localhost",
        "--origin",
        "http://localhost",
        "--json",
    ]);
    let tenant = process::json(create);
    let mut serve = command(data.path());
    let _ = serve.env("DOORWARD_TRACES_ENDPOINT", url).env("DOORWARD_TRACES_RATIO", "0");
    let _ = serve.env("DOORWARD_TRUSTED_PROXIES", trusted).env("DOORWARD_SHUTDOWN_TIMEOUT", "10ms");
    let path = format!("/{}/login/initialize", tenant["id"].as_str().unwrap());
    (serve_with(serve), data, path)
}

/// The collector needs its own thread, because `wait` blocks the thread of the test until the server has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn spans_of_requests_arrive_at_the_collector() {
    let (url, mut requests) = collector("200 OK").await;
    let (server, _data, path) = serve_traced(&url, "127.0.0.1");
    assert!(send(&server, &path).await.starts_with("HTTP/1.1 200 "));
    assert!(send(&server, "/nothing/here/at/all").await.starts_with("HTTP/1.1 404 "));
    let line = async || server.log().iter().any(|line| line.contains("request refused") && line.contains(TRACE));
    until("the log line with the trace", line).await;
    // When a server stops, it sends all pending spans.
    server.signal("TERM");
    assert!(server.wait().success());
    let mut received = Vec::new();
    while let Ok(request) = requests.try_recv() {
        received.extend(request);
    }
    let head = String::from_utf8_lossy(&received).to_ascii_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    let trace = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
    for part in [
        &trace[..],
        b"POST /{tenant_id}/login/initialize",
        b"database write",
        b"http.response.status_code",
        b"route_not_found",
    ] {
        assert!(contains(&received, part), "{:?} is missing", String::from_utf8_lossy(part));
    }
}

#[tokio::test]
async fn failing_collector_loses_spans_but_no_request() {
    let (url, mut requests) = collector("503 Service Unavailable").await;
    let (server, _data, path) = serve_traced(&url, "127.0.0.1");
    assert!(send(&server, &path).await.starts_with("HTTP/1.1 200 "));
    requests.recv().await.unwrap();
    let lost = "the collector responded with 503";
    until("the log line", async || server.log().iter().any(|line| line.contains(lost))).await;
    assert_eq!(status(&server.public_url, "/health/ready").await, Some(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn untrusted_clients_cannot_make_the_server_record_a_trace() {
    let (url, mut requests) = collector("200 OK").await;
    let (server, _data, _) = serve_traced(&url, "");
    assert!(send(&server, "/nothing/here/at/all").await.starts_with("HTTP/1.1 404 "));
    let line = async || server.log().iter().any(|line| line.contains("request refused") && line.contains(TRACE));
    until("the log line with the trace", line).await;
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(requests.try_recv().is_err(), "no span was sent");
}

#[tokio::test]
async fn hanging_collector_does_not_prevent_the_database_from_closing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (server, _data, path) = serve_traced(&url, "127.0.0.1");
    assert!(send(&server, &path).await.starts_with("HTTP/1.1 200 "));
    let log = server.terminate_and_read_log();
    assert!(log.iter().any(|line| line.contains("stopped without sending the last spans")), "{log:?}");
    assert!(!log.iter().any(|line| line.contains("without closing the database")), "{log:?}");
}
