//! A minimal HTTP/1.1 client: prebuilt request heads, one write per request, responses parsed in the read buffer.
//!
//! The generator shares the machine with the server it measures. A request takes 8 to 10 µs of CPU here, most of it in the
//! kernel; hyper needs 10 to 12 µs and reqwest 20 to 22 µs: `cargo run --release -p doorward-bench --example client_cost`.

use std::{
    io,
    net::SocketAddr,
    ops::Range,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Time limit for a connection and for a response.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Idle time after which a request is retried once if the server has closed the connection.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Maximum response size in bytes.
const MAX_RESPONSE: usize = 1024 * 1024;
/// Maximum number of response header fields.
const FIELDS: usize = 64;

/// A server's base URL, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Socket address.
    pub address: SocketAddr,
    /// Value of the `Host` header.
    pub authority: String,
    /// Prefix of every path, without a trailing slash.
    pub prefix: String,
}

/// A prebuilt request head. For a request with a body it ends before the value of `Content-Length`.
#[derive(Debug, Clone)]
pub struct Head {
    text: Vec<u8>,
    has_body: bool,
}

impl Head {
    /// Builds the head of a `POST` with a JSON body.
    #[must_use]
    pub fn post(host: &Host, path: &str, api_key: Option<&str>) -> Self {
        let (prefix, authority) = (&host.prefix, &host.authority);
        let key = api_key.map(|key| format!("apiKey: {key}\r\n")).unwrap_or_default();
        let text = format!(
            "POST {prefix}{path} HTTP/1.1\r\nHost: {authority}\r\n{key}Content-Type: application/json\r\nContent-Length: "
        );
        Self { text: text.into_bytes(), has_body: true }
    }

    /// Builds the head of a `GET` with one header field for authentication.
    #[must_use]
    pub fn get(host: &Host, path: &str, (field, value): (&str, &str)) -> Self {
        let (prefix, authority) = (&host.prefix, &host.authority);
        let text = format!("GET {prefix}{path} HTTP/1.1\r\nHost: {authority}\r\n{field}: {value}\r\n\r\n");
        Self { text: text.into_bytes(), has_body: false }
    }
}

/// A response; borrows the connection's buffers.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Value of `X-Total-Count`, if present.
    pub total: Option<u64>,
    /// Response body.
    pub body: &'a [u8],
}

/// A keep-alive connection that carries one request at a time.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    /// The open connection and the time of its last response.
    stream: Option<(TcpStream, Instant)>,
    retry_after: Duration,
    output: Vec<u8>,
    input: Vec<u8>,
    body: Vec<u8>,
}

/// A parsed response head.
struct Received {
    status: u16,
    total: Option<u64>,
    length: Length,
    closes: bool,
    /// Length of the head in bytes.
    head: usize,
}

enum Length {
    Known(usize),
    Chunked,
    /// The body ends with the connection.
    Open,
}

impl Connection {
    /// Returns a connection that the first request opens.
    #[must_use]
    pub const fn to(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            retry_after: RETRY_AFTER,
            output: Vec::new(),
            input: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Sends a request and reads the complete response. The body is ignored for a `GET`.
    ///
    /// If the connection was idle for a second and the server closes it before it sends a byte, the request is sent again
    /// on a new connection.
    ///
    /// # Errors
    /// Fails if no complete response arrives within 30 seconds; the next request opens a new connection.
    pub async fn send(&mut self, head: &Head, body: &[u8]) -> io::Result<Response<'_>> {
        self.output.clear();
        self.output.extend_from_slice(&head.text);
        if head.has_body {
            self.output.extend_from_slice(body.len().to_string().as_bytes());
            self.output.extend_from_slice(b"\r\n\r\n");
            self.output.extend_from_slice(body);
        }
        let (mut stream, idle) = match self.stream.take().filter(|(stream, _)| is_open(stream)) {
            Some((stream, since)) => (stream, since.elapsed() >= self.retry_after),
            None => (connect(self.address).await?, false),
        };
        let mut exchanged = self.exchange(&mut stream).await;
        if idle && exchanged.as_ref().is_err_and(|error| self.input.is_empty() && is_closed(error)) {
            stream = connect(self.address).await?;
            exchanged = self.exchange(&mut stream).await;
        }
        let (received, range) = exchanged?;
        if !received.closes {
            self.stream = Some((stream, Instant::now()));
        }
        let from = if matches!(received.length, Length::Chunked) { &self.body } else { &self.input };
        Ok(Response { status: received.status, total: received.total, body: from.get(range).unwrap_or_default() })
    }

    async fn exchange(&mut self, stream: &mut TcpStream) -> io::Result<(Received, Range<usize>)> {
        self.input.clear();
        let exchanged = tokio::time::timeout(TIMEOUT, self.write_and_read(stream)).await;
        exchanged.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn write_and_read(&mut self, stream: &mut TcpStream) -> io::Result<(Received, Range<usize>)> {
        stream.write_all(&self.output).await?;
        let received = loop {
            self.read(stream).await?;
            match head(&self.input)? {
                // Skip interim responses such as 100 Continue.
                Some(early) if early.status < 200 => {
                    self.input.drain(..early.head);
                }
                Some(received) => break received,
                None => {}
            }
        };
        let start = received.head;
        let range = match received.length {
            Length::Known(length) => {
                while self.input.len() < start + length {
                    self.read(stream).await?;
                }
                start..start + length
            }
            Length::Chunked => {
                self.body.clear();
                while !unchunk(self.input.get(start..).unwrap_or_default(), &mut self.body)? {
                    self.body.clear();
                    self.read(stream).await?;
                }
                0..self.body.len()
            }
            Length::Open => {
                while stream.read_buf(&mut self.input).await? > 0 && self.input.len() < MAX_RESPONSE {}
                start..self.input.len()
            }
        };
        Ok((received, range))
    }

    async fn read(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        if self.input.len() >= MAX_RESPONSE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "response too large"));
        }
        match stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Returns whether an idle connection is still open and has no unexpected data. Usually needs no system call.
fn is_open(stream: &TcpStream) -> bool {
    stream.try_read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let connecting = tokio::time::timeout(TIMEOUT, TcpStream::connect(address));
    let stream = connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Parses a response head (RFC 9112 §4, §6.3). Returns `None` while it is incomplete.
fn head(input: &[u8]) -> io::Result<Option<Received>> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "invalid HTTP response");
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = response.parse(input).map_err(|_| invalid())? else { return Ok(None) };
    let status = response.code.unwrap_or(0);
    let mut length = if status == 204 || status == 304 { Length::Known(0) } else { Length::Open };
    let (mut total, mut closes) = (None, response.version == Some(0));
    for field in response.headers.iter() {
        let value = field.value.trim_ascii();
        if field.name.eq_ignore_ascii_case("content-length") {
            let number = number(value).and_then(|number| usize::try_from(number).ok());
            let number = number.filter(|number| *number <= MAX_RESPONSE).ok_or_else(invalid)?;
            length = Length::Known(number);
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case(b"chunked") {
            length = Length::Chunked;
        } else if field.name.eq_ignore_ascii_case("connection") {
            closes |= value.eq_ignore_ascii_case(b"close");
        } else if field.name.eq_ignore_ascii_case("x-total-count") {
            total = number(value);
        }
    }
    closes |= matches!(length, Length::Open);
    Ok(Some(Received { status, total, length, closes, head }))
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Decodes a chunked body (RFC 9112 §7.1). Returns `false` while it is incomplete.
fn unchunk(mut input: &[u8], body: &mut Vec<u8>) -> io::Result<bool> {
    let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "invalid chunk size");
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(input).map_err(invalid)? else {
            return Ok(false);
        };
        let size = usize::try_from(size)
            .ok()
            .filter(|size| *size <= MAX_RESPONSE)
            .ok_or(httparse::InvalidChunkSize)
            .map_err(invalid)?;
        let Some(rest) = input.get(start..) else { return Ok(false) };
        if size == 0 {
            // Trailer fields end with an empty line.
            return Ok(rest.starts_with(b"\r\n") || rest.windows(4).any(|window| window == b"\r\n\r\n"));
        }
        let (Some(chunk), Some(after)) = (rest.get(..size), rest.get(size + 2..)) else { return Ok(false) };
        body.extend_from_slice(chunk);
        input = after;
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const POST: &str = "POST /api/x HTTP/1.1\r\nHost: localhost\r\napiKey: k\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    const GET: &str = "GET /api/x?y=z HTTP/1.1\r\nHost: localhost\r\napiKey: k\r\n\r\n";

    fn host(address: SocketAddr) -> Host {
        Host { address, authority: "localhost".to_owned(), prefix: "/api".to_owned() }
    }

    /// Starts a server that sends the given responses, one list per connection, and then closes the connection.
    fn scripted_server(request: &'static str, responses: Vec<Vec<&'static str>>) -> SocketAddr {
        use std::io::{Read as _, Write as _};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for connection in responses {
                let (mut stream, _) = listener.accept().unwrap();
                for response in connection {
                    let mut received = Vec::new();
                    while received.len() < request.len() {
                        let mut buffer = [0; 1024];
                        let read = stream.read(&mut buffer).unwrap();
                        received.extend_from_slice(&buffer[..read]);
                    }
                    assert_eq!(String::from_utf8(received).unwrap(), request);
                    // Send small pieces, because a response may arrive split at any byte.
                    for piece in response.as_bytes().chunks(7) {
                        stream.write_all(piece).unwrap();
                        stream.flush().unwrap();
                    }
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn every_response_framing_is_read_and_open_connections_are_reused() {
        let responses = vec![
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"],
            vec![
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            ],
            // The server reads the second request and closes; the client retries it on the third connection.
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nidle", ""],
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nagain", ""],
            vec!["HTTP/1.1 503 Busy\r\n\r\nuntil the end"],
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\ncut"],
            vec!["nonsense\r\n\r\n"],
        ];
        let address = scripted_server(POST, responses);
        let host = host(address);
        let head = Head::post(&host, "/x", Some("k"));
        let mut connection = Connection::to(address);
        assert_eq!(connection.send(&head, b"{}").await.unwrap().body, b"hi");
        // The server closes without `Connection: close`.
        while connection.stream.as_ref().is_some_and(|(stream, _)| is_open(stream)) {
            tokio::task::yield_now().await;
        }
        let expected: [(u16, &[u8]); 4] = [(200, b"hello"), (401, b"abcde"), (204, b""), (200, b"")];
        for (status, body) in expected {
            let response = connection.send(&head, b"{}").await.unwrap();
            assert_eq!((response.status, response.body), (status, body));
        }
        // A close after the request is retried on an idle connection and is an error on a busy one.
        assert_eq!(connection.send(&head, b"{}").await.unwrap().body, b"idle");
        connection.retry_after = Duration::ZERO;
        assert_eq!(connection.send(&head, b"{}").await.unwrap().body, b"again");
        connection.retry_after = Duration::from_secs(3_600);
        assert_eq!(connection.send(&head, b"{}").await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let response = connection.send(&head, b"{}").await.unwrap();
        assert_eq!((response.status, response.body), (503, &b"until the end"[..]));
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData] {
            assert_eq!(connection.send(&head, b"{}").await.unwrap_err().kind(), kind);
        }
    }

    #[tokio::test]
    async fn get_sends_no_body_and_returns_the_total_count() {
        let responses = vec![vec![
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-total-count: 10000000000\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Total-Count: many\r\n\r\n[]",
        ]];
        let address = scripted_server(GET, responses);
        let head = Head::get(&host(address), "/x?y=z", ("apiKey", "k"));
        let mut connection = Connection::to(address);
        let response = connection.send(&head, b"{}").await.unwrap();
        assert_eq!((response.status, response.total, response.body), (200, Some(10_000_000_000), &b"[]"[..]));
        assert_eq!(connection.send(&head, b"").await.unwrap().total, None);
    }
}
