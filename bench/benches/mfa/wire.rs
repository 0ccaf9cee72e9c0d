//! A minimal HTTP client: sends prepared requests and reads responses by `Content-Length`.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub(crate) fn request(path: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: doorward-bench\r\nAccept: */*\r\n\
         Content-Type: application/json\r\napiKey: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, buffer: Vec::with_capacity(8 * 1024) }
    }

    /// Sends a request and returns the body of the response, which must have status 200.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
        self.stream.write_all(request).expect("the server reads");
        self.buffer.clear();
        let mut chunk = [0; 8 * 1024];
        loop {
            let read = self.stream.read(&mut chunk).expect("a response");
            assert!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(&self.buffer));
            self.buffer.extend_from_slice(&chunk[..read]);
            if let Some(body) = body(&self.buffer) {
                assert!(self.buffer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&self.buffer));
                return body.to_vec();
            }
        }
    }
}

/// Returns the body of a response once it is complete.
fn body(response: &[u8]) -> Option<&[u8]> {
    let end = response.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&response[..end]).expect("an ASCII head").to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
    let length: usize = length.trim().parse().expect("a number");
    response.get(end + 4..end + 4 + length)
}
