//! Requests at the least cost: heads that were made before, one write, answers read where they arrive.
//!
//! The generator shares the machine with the server it measures. A request costs this client 8 to 10 µs, most of it in the
//! kernel, hyper's 10 to 12, reqwest 20 to 22: `cargo run --release -p doorward-testkit --example client_cost`.

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

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// After this time a server may close an idle connection without being at fault.
const IDLE: Duration = Duration::from_secs(1);
/// The largest answer that is read.
const LARGEST: usize = 1024 * 1024;
/// Header fields an answer may have.
const FIELDS: usize = 64;

/// A server's base URL, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Where it listens.
    pub address: SocketAddr,
    /// The `Host` field.
    pub authority: String,
    /// What every path begins with, without a slash at its end.
    pub prefix: String,
}

/// A request's head; that of a request with a body is complete but for the number of the body's bytes.
#[derive(Debug, Clone)]
pub struct Head {
    text: Vec<u8>,
    has_body: bool,
}

impl Head {
    /// The head of a `POST` of JSON.
    #[must_use]
    pub fn post(host: &Host, path: &str, api_key: Option<&str>) -> Self {
        let (prefix, authority) = (&host.prefix, &host.authority);
        let key = api_key.map(|key| format!("apiKey: {key}\r\n")).unwrap_or_default();
        let text = format!(
            "POST {prefix}{path} HTTP/1.1\r\nHost: {authority}\r\n{key}Content-Type: application/json\r\nContent-Length: "
        );
        Self { text: text.into_bytes(), has_body: true }
    }

    /// The head of a `GET`, with the field that says who asks.
    #[must_use]
    pub fn get(host: &Host, path: &str, (field, value): (&str, &str)) -> Self {
        let (prefix, authority) = (&host.prefix, &host.authority);
        let text = format!("GET {prefix}{path} HTTP/1.1\r\nHost: {authority}\r\n{field}: {value}\r\n\r\n");
        Self { text: text.into_bytes(), has_body: false }
    }
}

/// An answer, as long as the connection is not used again.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `X-Total-Count`, where there is one.
    pub total: Option<u64>,
    /// The body.
    pub body: &'a [u8],
}

/// One connection, kept alive, one request at a time.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    /// Open, and idle since then.
    stream: Option<(TcpStream, Instant)>,
    idle: Duration,
    output: Vec<u8>,
    input: Vec<u8>,
    body: Vec<u8>,
}

/// What an answer's head says.
struct Received {
    status: u16,
    total: Option<u64>,
    length: Length,
    closes: bool,
    /// Bytes of the head.
    head: usize,
}

enum Length {
    Known(usize),
    Chunked,
    /// Up to the end of the connection.
    Open,
}

impl Connection {
    /// A connection that is opened by its first request.
    #[must_use]
    pub const fn to(address: SocketAddr) -> Self {
        Self { address, stream: None, idle: IDLE, output: Vec::new(), input: Vec::new(), body: Vec::new() }
    }

    /// Sends a request and waits for its whole answer. A `GET` has no body: what is given is not sent.
    ///
    /// # Errors
    /// When the server did not answer whole within 30 seconds; the next request opens another connection. A connection
    /// that was idle for a second, and turns out to be closed before a byte was answered, is no failure: the request goes
    /// over another one.
    pub async fn send(&mut self, head: &Head, body: &[u8]) -> io::Result<Answer<'_>> {
        self.output.clear();
        self.output.extend_from_slice(&head.text);
        if head.has_body {
            self.output.extend_from_slice(body.len().to_string().as_bytes());
            self.output.extend_from_slice(b"\r\n\r\n");
            self.output.extend_from_slice(body);
        }
        let (mut stream, idle) = match self.stream.take().filter(|(stream, _)| is_open(stream)) {
            Some((stream, since)) => (stream, since.elapsed() >= self.idle),
            None => (connect(self.address).await?, false),
        };
        let mut exchanged = self.exchange(&mut stream).await;
        if idle && exchanged.as_ref().is_err_and(|error| self.input.is_empty() && is_closed(error)) {
            stream = connect(self.address).await?;
            exchanged = self.exchange(&mut stream).await;
        }
        let (received, place) = exchanged?;
        if !received.closes {
            self.stream = Some((stream, Instant::now()));
        }
        let from = if matches!(received.length, Length::Chunked) { &self.body } else { &self.input };
        Ok(Answer { status: received.status, total: received.total, body: from.get(place).unwrap_or_default() })
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
                // 100 Continue and the like come before the answer itself.
                Some(early) if early.status < 200 => {
                    self.input.drain(..early.head);
                }
                Some(received) => break received,
                None => {}
            }
        };
        let start = received.head;
        let place = match received.length {
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
                while stream.read_buf(&mut self.input).await? > 0 && self.input.len() < LARGEST {}
                start..self.input.len()
            }
        };
        Ok((received, place))
    }

    async fn read(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        if self.input.len() >= LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too large"));
        }
        match stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Whether nothing has come on an idle connection, neither its end nor bytes nobody asked for. Costs no system call while
/// nothing has.
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

/// Reads an answer's head (RFC 9112 §4, §6.3); `None` while it is not whole.
fn head(input: &[u8]) -> io::Result<Option<Received>> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP");
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = response.parse(input).map_err(|_| wrong())? else { return Ok(None) };
    let status = response.code.unwrap_or(0);
    let mut length = if status == 204 || status == 304 { Length::Known(0) } else { Length::Open };
    let (mut total, mut closes) = (None, response.version == Some(0));
    for field in response.headers.iter() {
        let value = field.value.trim_ascii();
        if field.name.eq_ignore_ascii_case("content-length") {
            let number = number(value).and_then(|number| usize::try_from(number).ok());
            let number = number.filter(|number| *number <= LARGEST).ok_or_else(wrong)?;
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

/// Puts a chunked body together (RFC 9112 §7.1); `false` while it is not whole.
fn unchunk(mut input: &[u8], body: &mut Vec<u8>) -> io::Result<bool> {
    let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "a chunk is no chunk");
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(input).map_err(wrong)? else {
            return Ok(false);
        };
        let size = usize::try_from(size)
            .ok()
            .filter(|size| *size <= LARGEST)
            .ok_or(httparse::InvalidChunkSize)
            .map_err(wrong)?;
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

    /// Answers each request on one connection with the next of these texts, then closes it.
    fn answering(request: &'static str, answers: Vec<Vec<&'static str>>) -> SocketAddr {
        use std::io::{Read as _, Write as _};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for connection in answers {
                let (mut stream, _) = listener.accept().unwrap();
                for answer in connection {
                    let mut seen = Vec::new();
                    while seen.len() < request.len() {
                        let mut buffer = [0; 1024];
                        let read = stream.read(&mut buffer).unwrap();
                        seen.extend_from_slice(&buffer[..read]);
                    }
                    assert_eq!(String::from_utf8(seen).unwrap(), request);
                    // In pieces: an answer may arrive in any.
                    for piece in answer.as_bytes().chunks(7) {
                        stream.write_all(piece).unwrap();
                        stream.flush().unwrap();
                    }
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn reads_answers_of_every_framing_and_keeps_the_connection_while_it_may() {
        let answers = vec![
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"],
            vec![
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            ],
            // The second request is read, and answered with nothing: the third connection answers it.
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nidle", ""],
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nagain", ""],
            vec!["HTTP/1.1 503 Busy\r\n\r\nuntil the end"],
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\ncut"],
            vec!["nonsense\r\n\r\n"],
        ];
        let address = answering(POST, answers);
        let host = host(address);
        let head = Head::post(&host, "/x", Some("k"));
        let mut connection = Connection::to(address);
        assert_eq!(connection.send(&head, b"{}").await.unwrap().body, b"hi");
        // The server closes without having said so.
        while connection.stream.as_ref().is_some_and(|(stream, _)| is_open(stream)) {
            tokio::task::yield_now().await;
        }
        let expected: [(u16, &[u8]); 4] = [(200, b"hello"), (401, b"abcde"), (204, b""), (200, b"")];
        for (status, body) in expected {
            let answer = connection.send(&head, b"{}").await.unwrap();
            assert_eq!((answer.status, answer.body), (status, body));
        }
        // Closed in answer to a request: no failure when it was idle for long, one when it was in use.
        assert_eq!(connection.send(&head, b"{}").await.unwrap().body, b"idle");
        connection.idle = Duration::ZERO;
        assert_eq!(connection.send(&head, b"{}").await.unwrap().body, b"again");
        connection.idle = Duration::from_secs(3_600);
        assert_eq!(connection.send(&head, b"{}").await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let answer = connection.send(&head, b"{}").await.unwrap();
        assert_eq!((answer.status, answer.body), (503, &b"until the end"[..]));
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData] {
            assert_eq!(connection.send(&head, b"{}").await.unwrap_err().kind(), kind);
        }
    }

    #[tokio::test]
    async fn a_get_has_no_body_and_its_answer_may_tell_a_total() {
        let answers = vec![vec![
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-total-count: 10000000000\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Total-Count: many\r\n\r\n[]",
        ]];
        let address = answering(GET, answers);
        let head = Head::get(&host(address), "/x?y=z", ("apiKey", "k"));
        let mut connection = Connection::to(address);
        let answer = connection.send(&head, b"{}").await.unwrap();
        assert_eq!((answer.status, answer.total, answer.body), (200, Some(10_000_000_000), &b"[]"[..]));
        assert_eq!(connection.send(&head, b"").await.unwrap().total, None);
    }
}
