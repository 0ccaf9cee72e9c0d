//! Connections of slow, silent and greedy clients, and bytes that are not HTTP/1.1 requests.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use doorward_server::{
    app::App,
    config::parse::networks,
    server::{self, Listening, Serving},
};
use doorward_testkit::{Response, TestServer, server::LISTENING, until};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::parse_response;

const DEADLINE: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(100);
const ALIVE: &[u8] = b"GET /health/alive HTTP/1.1\r\nhost: x\r\n\r\n";

/// Starts another listener of the public API, with the given limits.
fn serve(app: &Arc<App>, listening: Listening) -> (Serving, SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (server::public(Arc::clone(app), listener.into(), listening).unwrap(), address)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn connect_from(client: &str, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{client}:0").parse().unwrap()).unwrap();
    socket.connect(address).await.unwrap()
}

/// Reads until the server closes the connection.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

/// Reads one response with a short body.
async fn read_one(stream: &mut TcpStream) -> Response {
    let mut buffer = [0; 4096];
    let length = timeout(DEADLINE, stream.read(&mut buffer)).await.unwrap().unwrap();
    parse_response(std::str::from_utf8(&buffer[..length]).unwrap())
}

fn expect_rejection(text: &str, status: u16, code: &str, details: &str) {
    let response = parse_response(text);
    response.expect_error(status, code, "unable to process request", details);
    assert_eq!(response.headers["connection"], "close");
    assert_eq!(response.headers["x-request-id"].len(), 36);
}

#[tokio::test]
async fn silent_connection_is_closed_after_the_head_timeout() {
    let server = TestServer::start().await;
    let (_serving, address) = serve(&server.app, Listening { head_timeout: SHORT, ..LISTENING });
    assert_eq!(read_to_end(&mut connect(address).await).await, "");
}

#[tokio::test]
async fn head_of_each_request_has_a_timeout() {
    let server = TestServer::start().await;
    let (_serving, address) = serve(&server.app, Listening { head_timeout: SHORT, ..LISTENING });
    let mut stream = connect(address).await;
    stream.write_all(ALIVE).await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 200);
    // Each byte arrives in time, but the complete head does not arrive in time.
    stream.write_all(b"GET /health/alive HTTP/1.1\r\nx-slow: ").await.unwrap();
    let mut text = Vec::new();
    let start = Instant::now();
    while !matches!(timeout(SHORT / 10, stream.read_buf(&mut text)).await, Ok(Ok(0) | Err(_))) {
        assert!(start.elapsed() < DEADLINE, "the connection stays open");
        let _ = stream.write_all(b"a").await;
    }
    let text = String::from_utf8(text).unwrap();
    expect_rejection(&text, 408, "request_timeout", "the head of the request did not arrive in time");
}

#[tokio::test]
async fn idle_connection_is_closed_after_the_keep_alive_time() {
    let server = TestServer::start().await;
    let (_serving, address) = serve(&server.app, Listening { keep_alive: SHORT, ..LISTENING });
    let mut stream = connect(address).await;
    stream.write_all(ALIVE).await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 200);
    assert_eq!(read_to_end(&mut stream).await, "");
}

/// Sends requests over a connection with a small receive buffer. Each response has more than one megabyte.
async fn request_large_responses(address: SocketAddr, requests: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(32 * 1024).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(&request.repeat(requests)).await.unwrap();
    stream
}

#[tokio::test]
async fn response_that_is_not_read_is_aborted() {
    let server = TestServer::start().await;
    // The keep-alive timeout is so long that only the write timeout can close the connections during this test.
    let listening = Listening { write_timeout: 20 * SHORT, keep_alive: 100 * DEADLINE, ..LISTENING };
    let (serving, address) = serve(&server.app, listening);
    let start = Instant::now();
    let streams = [request_large_responses(address, 1).await, request_large_responses(address, 12).await];
    until("both connections are accepted", async || serving.open_connections() == 2).await;
    until("a connection stays open", async || serving.open_connections() == 0).await;
    assert!((20 * SHORT..39 * SHORT).contains(&start.elapsed()), "{:?}", start.elapsed());
    for mut stream in streams {
        // The server resets the connection, so that its kernel discards the bytes that it has not sent yet.
        let error = timeout(DEADLINE, stream.read_to_end(&mut Vec::new())).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn response_that_is_read_slowly_is_not_aborted() {
    let server = TestServer::start().await;
    let (serving, address) = serve(&server.app, Listening { write_timeout: 3 * SHORT, ..LISTENING });
    let mut stream = request_large_responses(address, 12).await;
    let mut buffer = vec![0; 16 * 1024];
    let start = Instant::now();
    // The pauses are intentional: they make the client slow.
    while start.elapsed() < 20 * SHORT {
        let _ = stream.read_exact(&mut buffer).await.unwrap();
        tokio::time::sleep(SHORT / 4).await;
    }
    assert_eq!(serving.open_connections(), 1);
}

#[tokio::test]
async fn longest_idle_connection_is_closed_for_a_new_one() {
    let server = TestServer::start().await;
    let (serving, address) = serve(&server.app, Listening { max_connections: 4, ..LISTENING });
    let mut streams = Vec::new();
    for client in ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.1", "127.0.0.3"] {
        let mut stream = connect_from(client, address).await;
        stream.write_all(ALIVE).await.unwrap();
        assert_eq!(read_one(&mut stream).await.status, 200);
        streams.push(stream);
    }
    // An address may have two connections. The fifth connection, which is the third from 127.0.0.1, replaced the first,
    // the longest idle one of this address. The sixth exceeded the total limit and replaced the second, the longest
    // idle one of all addresses.
    assert_eq!(read_to_end(&mut streams[0]).await, "");
    assert_eq!(read_to_end(&mut streams[1]).await, "");
    for stream in &mut streams[2..] {
        stream.write_all(ALIVE).await.unwrap();
        assert_eq!(read_one(stream).await.status, 200);
    }
    assert_eq!(serving.open_connections(), 4);
}

#[tokio::test]
async fn trusted_proxy_may_use_all_connections() {
    let server = TestServer::builder()
        .settings(|settings| settings.trusted_proxies = networks("127.0.0.2").unwrap())
        .start()
        .await;
    let (serving, address) = serve(&server.app, Listening { max_connections: 8, ..LISTENING });
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(connect_from("127.0.0.2", address).await);
    }
    until("all connections are open", async || serving.open_connections() == 8).await;
    for stream in &mut streams {
        stream.write_all(ALIVE).await.unwrap();
        assert_eq!(read_one(stream).await.status, 200);
    }
}

#[tokio::test]
async fn bytes_that_are_not_http_get_a_json_error_on_both_ports() {
    let server = TestServer::start().await;
    let large = format!("GET / HTTP/1.1\r\nx-large: {}", "a".repeat(200_000));
    // The URI parser has its own length limit.
    let long_uri = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(65_534));
    let tls = b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03".repeat(20);
    let tls_details = "this port does not speak TLS: use http://, or the address of the reverse proxy";
    for (bytes, status, code, details) in [
        (
            &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
            400,
            "request_malformed",
            "only HTTP/1.1 and HTTP/1.0 are supported",
        ),
        (&tls, 400, "request_malformed", tls_details),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "request_malformed", "this is not a valid HTTP/1.1 request"),
        (b"\0\0\0\0\r\n\r\n", 400, "request_malformed", "this is not a valid HTTP/1.1 request"),
        (large.as_bytes(), 431, "request_head_too_large", "the head of the request is too large"),
        (long_uri.as_bytes(), 431, "request_head_too_large", "the head of the request is too large"),
    ] {
        for url in [&server.public_url, &server.admin_url] {
            let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            stream.shutdown().await.unwrap();
            expect_rejection(&read_to_end(&mut stream).await, status, code, details);
            // A valid request that precedes the invalid bytes gets its response.
            let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
            stream.write_all(ALIVE).await.unwrap();
            assert_eq!(read_one(&mut stream).await.status, 200);
            stream.write_all(bytes).await.unwrap();
            let details = if details == tls_details { "this is not a valid HTTP/1.1 request" } else { details };
            expect_rejection(&read_to_end(&mut stream).await, status, code, details);
        }
    }
}

/// Expects exactly one response. Either the handler or the HTTP server below the handler may send this response.
fn expect_invalid_chunk(text: &str) {
    let details = "the body ended early, or its chunked encoding is invalid";
    let response = parse_response(text);
    response.expect_error(400, "body_malformed", "unable to process request", details);
    assert!(response.headers.contains_key("x-request-id"));
    assert_eq!(text.matches("HTTP/1.1").count(), 1, "{text}");
}

#[tokio::test]
async fn invalid_chunk_gets_a_json_error() {
    let (_server, tenant) = crate::support::server_with_tenant().await;
    let (host, base) = tenant.anonymous.base().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let fields = "host: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked";
    let continues = "HTTP/1.1 100 Continue\r\n\r\n";
    for key in [&tenant.api_key, "wrong"] {
        let head = format!("POST /{base}/login/initialize HTTP/1.1\r\napiKey: {key}\r\n{fields}\r\n");
        for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\nzz\r\n", "2\r\n{}}"] {
            let mut stream = TcpStream::connect(host).await.unwrap();
            stream.write_all(format!("{head}\r\n{chunks}").as_bytes()).await.unwrap();
            expect_invalid_chunk(&read_to_end(&mut stream).await);
            // On this connection, the chunks arrive only when the handler is already waiting for the body.
            let mut stream = TcpStream::connect(host).await.unwrap();
            stream.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
            let mut begun = vec![0; continues.len()];
            let _ = stream.read_exact(&mut begun).await.unwrap();
            assert_eq!(begun, continues.as_bytes());
            stream.write_all(chunks.as_bytes()).await.unwrap();
            expect_invalid_chunk(&read_to_end(&mut stream).await);
        }
    }
}

#[tokio::test]
async fn refused_body_closes_the_connection() {
    let server = TestServer::builder().settings(|settings| settings.body_timeout = SHORT).start().await;
    let tenant = server.tenant().await;
    let (host, base) = tenant.anonymous.base().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let key = &tenant.api_key;
    let cases = [
        ("content-length: 100", "{", 408),
        ("transfer-encoding: chunked", "1\r\n{\r\n", 408),
        // The server refuses the last two requests without reading their bodies.
        ("content-length: 10000000", "", 413),
        ("expect: 100-continue\r\ncontent-length: 10000000", "", 413),
    ];
    let requests = cases.map(|(framing, body, status)| async move {
        let mut stream = TcpStream::connect(host).await.unwrap();
        let head = format!("POST /{base}/login/initialize HTTP/1.1\r\nhost: x\r\napiKey: {key}\r\n");
        let request = format!("{head}content-type: application/json\r\n{framing}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let text = read_to_end(&mut stream).await;
        let response = parse_response(text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&text));
        assert_eq!(
            (response.status, &response.headers["connection"]),
            (status, &"close".parse().unwrap()),
            "{framing}"
        );
    });
    let _ = futures_util::future::join_all(requests).await;
}

#[tokio::test]
async fn draining_server_closes_each_connection_after_its_response() {
    let server = TestServer::start().await;
    let (serving, address) = serve(&server.app, LISTENING);
    let mut streams = [connect(address).await, connect(address).await];
    for stream in &mut streams {
        stream.write_all(ALIVE).await.unwrap();
        assert!(!read_one(stream).await.headers.contains_key("connection"));
    }
    serving.drain();
    for stream in &mut streams {
        stream.write_all(ALIVE).await.unwrap();
        let response = parse_response(&read_to_end(stream).await);
        assert_eq!((response.status, &response.headers["connection"]), (200, &"close".parse().unwrap()));
    }
}

#[tokio::test]
async fn stopping_server_finishes_requests_and_does_not_wait_for_idle_connections() {
    let (server, tenant) = crate::support::server_with_tenant().await;
    let (serving, address) = serve(&server.app, LISTENING);
    let (_silent, mut busy) = (connect(address).await, connect(address).await);
    let head = format!("POST /{}/login/initialize HTTP/1.1\r\nhost: x\r\napiKey: {}\r\n", tenant.id, tenant.api_key);
    let head = format!("{head}content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    busy.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 25];
    let _ = busy.read_exact(&mut begun).await.unwrap();
    until("both connections are open", async || serving.open_connections() == 2).await;
    let stopping = tokio::spawn(serving.stop(DEADLINE));
    until("the listener is closed", async || std::net::TcpStream::connect(address).is_err()).await;
    busy.write_all(b"{}").await.unwrap();
    let response = parse_response(&read_to_end(&mut busy).await);
    assert_eq!((response.status, &response.headers["connection"]), (200, &"close".parse().unwrap()));
    timeout(DEADLINE / 2, stopping).await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_timeout_is_precise_to_the_millisecond() {
    let (server, tenant) = crate::support::server_with_tenant().await;
    let (serving, address) = serve(&server.app, LISTENING);
    let mut busy = connect(address).await;
    let head = format!("POST /{}/login/initialize HTTP/1.1\r\nhost: x\r\napiKey: {}\r\n", tenant.id, tenant.api_key);
    let head = format!("{head}content-type: application/json\r\n");
    busy.write_all(format!("{head}expect: 100-continue\r\ncontent-length: 2\r\n\r\n").as_bytes()).await.unwrap();
    let mut begun = [0; 25];
    let _ = busy.read_exact(&mut begun).await.unwrap();
    let start = Instant::now();
    serving.stop(3 * SHORT).await;
    assert!((3 * SHORT..9 * SHORT).contains(&start.elapsed()), "{:?}", start.elapsed());
}
