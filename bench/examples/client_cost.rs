//! CPU time per request of three HTTP clients: the load generator's own, hyper and reqwest.
//!
//! `cargo run --release -p doorward-bench --example client_cost`
//!
//! Each client sends the same requests, one at a time, to a thread that sends a response like Doorward's. Only the CPU time
//! of the calling thread counts, from `/proc/thread-self/schedstat`.
#![expect(clippy::expect_used, reason = "a panic ends the measurement")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use bytes::Bytes;
use doorward_bench::load::http::{Connection, Head, Host};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;

const ROUNDS: u32 = 20_000;
const PATH: &str = "/0198c0de-0000-7000-8000-000000000000/mfa/login/initialize";
const KEY: &str = "dw_00000000000040008000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const BODY: &str = r#"{"user_id":"user-000001"}"#;

/// Starts a server that always returns the same options.
fn server() -> SocketAddr {
    let options = format!(
        r#"{{"publicKey":{{"challenge":"{0}","timeout":60000,"rpId":"example.com","userVerification":"preferred","allowCredentials":[{{"type":"public-key","id":"{0}"}}]}}}}"#,
        "A".repeat(43)
    );
    let text = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\ncontent-type: application/json\r\nx-request-id: 0198c0de-0000-7000-8000-000000000000\r\ndate: Wed, 25 Nov 2026 00:00:00 GMT\r\n\r\n{options}",
        options.len()
    );
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, text) = (stream.expect("a connection"), text.clone());
            std::thread::spawn(move || {
                let (mut buffer, mut received) = ([0; 4096], Vec::new());
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    received.extend(buffer.iter().take(read));
                    if received.ends_with(b"}") {
                        received.clear();
                        if stream.write_all(text.as_bytes()).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

/// CPU time of this thread so far.
fn used() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok()).expect("nanoseconds");
    Duration::from_nanos(nanos)
}

async fn measure(name: &str, mut request: impl AsyncFnMut() -> usize) {
    for _ in 0..ROUNDS / 10 {
        request().await;
    }
    let before = used();
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        bytes += request().await;
    }
    let each = (used() - before) / ROUNDS;
    println!("{name:<24} {each:?} per request ({} bytes received)", bytes / usize::try_from(ROUNDS).unwrap_or(1));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = server();

    let host = Host { address, authority: address.to_string(), prefix: String::new() };
    let (head, mut connection) = (Head::post(&host, PATH, Some(KEY)), Connection::to(address));
    measure("doorward-load", async || {
        connection.send(&head, BODY.as_bytes()).await.map_or(0, |response| response.body.len())
    })
    .await;

    let stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let (mut sender, driver) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.expect("a handshake");
    tokio::spawn(driver);
    measure("hyper, one connection", async || {
        let request = Request::post(PATH)
            .header(HOST, &host.authority)
            .header("apiKey", KEY)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from_static(BODY.as_bytes())))
            .expect("a request");
        let response = sender.send_request(request).await.expect("a response");
        response.into_body().collect().await.expect("a body").to_bytes().len()
    })
    .await;

    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{address}{PATH}");
    measure("reqwest", async || {
        let request = client.post(&url).header("apiKey", KEY).header("content-type", "application/json").body(BODY);
        request.send().await.expect("a response").bytes().await.expect("a body").len()
    })
    .await;
}
