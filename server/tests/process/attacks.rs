//! Attacks that need no key. After each attack, both APIs must still respond. No attack may cause an unlimited use of
//! memory, an unlimited number of open files or an unlimited number of log lines.

use std::time::{Duration, Instant};

use doorward_testkit::{Process, until};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::support::{ALIVE, DEADLINE, connect, exchange, serve, status};

const ATTACKER: &str = "127.0.0.2";
const CONNECTIONS: usize = 200;

fn server() -> (Process, tempfile::TempDir) {
    serve(&[("DOORWARD_MAX_CONNECTIONS", "64"), ("DOORWARD_HEADER_TIMEOUT", "1s")])
}

async fn expect_usable(server: &Process) {
    for url in [&server.public_url, &server.admin_url] {
        let start = Instant::now();
        assert_eq!(status(url, "/health/ready").await, Some(200));
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}

fn open_files(server: &Process) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count()
}

/// Checks that the attacker has at most half of the connections. `attackers` is the number of files that the server has
/// opened during the attack. Each API permits 64 connections, and one address may have half of them.
fn expect_half_of_the_connections(attackers: usize) {
    // The server also opens a few files, and each API has one accepted connection that waits for a free slot.
    assert!(attackers <= 2 * 32 + 8, "{attackers} open files");
}

/// Opens connections to both ports and sends bytes on each.
async fn flood(server: &Process, bytes: &[u8]) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for number in 0..CONNECTIONS {
        let url = if number % 2 == 0 { &server.public_url } else { &server.admin_url };
        let mut stream = connect(url, ATTACKER).await;
        let _ = stream.write_all(bytes).await;
        streams.push(stream);
    }
    streams
}

async fn expect_all_closed(streams: &mut [TcpStream]) {
    for stream in streams {
        let _ = exchange(stream, b"").await;
    }
}

#[tokio::test]
async fn silent_connections_and_endless_heads_do_not_block_other_clients() {
    let (server, _data) = server();
    let before = open_files(&server);
    for bytes in [b"".as_slice(), b"GET / HTTP/1.1\r\nx: "] {
        let mut streams = flood(&server, bytes).await;
        expect_usable(&server).await;
        expect_half_of_the_connections(open_files(&server) - before);
        expect_all_closed(&mut streams).await;
    }
    until("the open files are closed", async || open_files(&server) <= before + 2).await;
}

#[tokio::test]
async fn endless_heads_after_a_request_are_closed() {
    let (server, _data) = server();
    let mut streams = flood(&server, &[ALIVE, b"GET / HTTP/1.1\r\nx: "].concat()).await;
    expect_usable(&server).await;
    for stream in &mut streams {
        let _ = stream.write_all(b"y").await;
    }
    expect_all_closed(&mut streams).await;
}

#[tokio::test]
async fn http2_connections_are_refused() {
    let (server, _data) = server();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for url in [&server.public_url, &server.admin_url] {
        let response = exchange(&mut connect(url, ATTACKER).await, preface).await;
        assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
        assert!(response.contains(r#""code":"request_malformed""#), "{response}");
    }
    let mut streams = flood(&server, preface).await;
    expect_usable(&server).await;
    expect_all_closed(&mut streams).await;
}

#[tokio::test]
async fn unread_responses_do_not_block_other_clients() {
    let (server, _data) = server();
    let before = open_files(&server);
    let requests = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(16);
    let streams = flood(&server, &requests).await;
    expect_usable(&server).await;
    expect_half_of_the_connections(open_files(&server) - before);
    drop(streams);
}

#[tokio::test]
async fn malformed_requests_do_not_flood_the_log() {
    let (server, _data) = server();
    let start = Instant::now();
    for bytes in [
        b"\x16\x03\x01\0\xf4\x01\0\0\xf0\x03\x03\0\0\0\0\0\0".as_slice(),
        b"\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nb d: x\r\n\r\n",
    ] {
        let mut streams = flood(&server, bytes).await;
        expect_all_closed(&mut streams).await;
    }
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    expect_usable(&server).await;
    let log = server.log();
    let is_refused = |line: &&String| line.contains(r#""message":"request refused""#);
    let refused: Vec<_> = log.iter().filter(is_refused).collect();
    assert!((1..=10 * (seconds + 2)).contains(&refused.len()), "{seconds} s: {log:#?}");
    assert!(refused.iter().all(|line| line.contains(r#""peer":"127.0.0.2:"#)), "{refused:#?}");
    assert!(!log.iter().any(|line| line.contains("ERROR") || line.contains("actix_http")), "{log:#?}");
}

#[tokio::test]
async fn large_bodies_are_refused_before_they_arrive() {
    let (server, _data) = server();
    let path = "/00000000-0000-0000-0000-000000000000/login/initialize";
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n"
    );
    let mut streams = flood(&server, head.as_bytes()).await;
    expect_usable(&server).await;
    expect_all_closed(&mut streams).await;
}

#[tokio::test]
async fn silent_connections_do_not_delay_the_stop() {
    let (server, _data) = serve(&[("DOORWARD_HEADER_TIMEOUT", "1m")]);
    let streams = flood(&server, b"").await;
    server.signal("TERM");
    let start = Instant::now();
    assert!(server.wait().success());
    assert!(start.elapsed() < DEADLINE / 3, "{:?}", start.elapsed());
    drop(streams);
}

#[tokio::test]
async fn server_does_not_use_huge_pages() {
    let (server, _data) = server();
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let shown = status.lines().find(|line| line.starts_with("THP_enabled:")).unwrap();
    assert_eq!(shown, "THP_enabled:\t0");
}
