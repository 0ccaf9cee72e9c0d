//! HTTP/1.1 client on hyper: a keep-alive connection that carries one request at a time.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Time limit for a request, including the time to connect.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Idle time that allows one retry. If the server closes a connection that was idle for at least this time, the failed
/// request is sent again on a new connection.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Base URL of a server, with the resolved address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub address: SocketAddr,
    /// Value of the `Host` header.
    pub authority: String,
    /// Prefix of every path, without a trailing slash.
    pub prefix: String,
}

/// Method, path and headers of a request.
#[derive(Debug, Clone)]
pub struct Head {
    method: Method,
    path: String,
    authority: String,
    auth: Option<(&'static str, String)>,
}

impl Head {
    fn new(method: Method, host: &Host, path: &str, auth: Option<(&'static str, &str)>) -> Self {
        let auth = auth.map(|(name, value)| (name, value.to_owned()));
        Self { method, path: format!("{}{path}", host.prefix), authority: host.authority.clone(), auth }
    }

    /// A `POST` with a JSON body.
    pub fn post(host: &Host, path: &str, api_key: Option<&str>) -> Self {
        Self::new(Method::POST, host, path, api_key.map(|key| ("apiKey", key)))
    }

    /// A `GET` with a header for authentication.
    pub fn get(host: &Host, path: &str, auth: (&'static str, &str)) -> Self {
        Self::new(Method::GET, host, path, Some(auth))
    }

    fn request(&self, body: Bytes) -> io::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(&self.method).uri(&self.path).header("host", &self.authority);
        if let Some((name, value)) = &self.auth {
            request = request.header(*name, value);
        }
        if self.method == Method::POST {
            request = request.header("content-type", "application/json");
        }
        request.body(Full::new(body)).map_err(io::Error::other)
    }
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Value of `X-Total-Count`, if present.
    pub total: Option<u64>,
    pub body: Bytes,
}

/// A keep-alive connection. The first request opens it.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    /// The open connection and the time of its last response.
    open: Option<(http1::SendRequest<Full<Bytes>>, Instant)>,
}

impl Connection {
    pub const fn to(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// Sends a request and reads the complete response.
    ///
    /// # Errors
    /// Fails if no complete response arrives within 30 seconds; the next request opens a new connection.
    pub async fn send(&mut self, head: &Head, body: impl Into<Bytes>) -> io::Result<Response> {
        let exchanged = tokio::time::timeout(TIMEOUT, self.exchange(head, body.into()));
        exchanged.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn exchange(&mut self, head: &Head, body: Bytes) -> io::Result<Response> {
        let mut reusable = None;
        if let Some((mut sender, since)) = self.open.take()
            && sender.ready().await.is_ok()
        {
            reusable = Some((sender, since.elapsed() >= RETRY_AFTER));
        }
        let (mut sender, idle) = match reusable {
            Some(reusable) => reusable,
            None => (connect(self.address).await?, false),
        };
        let mut response = sender.send_request(head.request(body.clone())?).await;
        if idle && response.as_ref().is_err_and(hyper::Error::is_incomplete_message) {
            sender = connect(self.address).await?;
            response = sender.send_request(head.request(body)?).await;
        }
        let response = response.map_err(io::Error::other)?;
        let status = response.status().as_u16();
        let total = response.headers().get("x-total-count").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        self.open = Some((sender, Instant::now()));
        Ok(Response { status, total, body })
    }
}

async fn connect(address: SocketAddr) -> io::Result<http1::SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
    };

    use super::*;

    /// Starts a server that sends the given responses, one list per connection, and then closes the connection.
    fn scripted_server(responses: Vec<Vec<&'static str>>) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for connection in responses {
                let (mut stream, _) = listener.accept().unwrap();
                for response in connection {
                    assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
                    stream.write_all(response.as_bytes()).unwrap();
                }
            }
        });
        Host { address, authority: "localhost".to_owned(), prefix: "/api".to_owned() }
    }

    #[tokio::test]
    async fn connections_are_reused_and_reopened() {
        let host = scripted_server(vec![
            vec![
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-total-count: 10000000000\r\n\r\nhi",
                "HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nconnection: close\r\nx-total-count: many\r\ncontent-length: 0\r\n\r\n",
            ],
            vec!["HTTP/1.1 503 Busy\r\n\r\nuntil the end"],
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\ncut"],
            vec!["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nagain"],
        ]);
        let (post, get) = (Head::post(&host, "/x", Some("k")), Head::get(&host, "/x?y=z", ("apiKey", "k")));
        let mut connection = Connection::to(host.address);
        let expected =
            [(200, Some(10_000_000_000), "hi"), (401, None, "abc"), (200, None, ""), (503, None, "until the end")];
        for (head, (status, total, body)) in [&post, &get, &post, &get].into_iter().zip(expected) {
            let response = connection.send(head, "").await.unwrap();
            assert_eq!((response.status, response.total, &*response.body), (status, total, body.as_bytes()));
        }
        connection.send(&post, "{}").await.unwrap_err();
        assert_eq!(connection.send(&post, "{}").await.unwrap().body, "again");
    }

    #[test]
    fn requests_have_the_prefix_and_the_authentication() {
        let host =
            Host { address: ([127, 0, 0, 1], 80).into(), authority: "localhost".to_owned(), prefix: "/api".to_owned() };
        let request = Head::get(&host, "/x?y=z", ("apiKey", "k")).request(Bytes::new()).unwrap();
        assert_eq!(
            (request.uri().to_string().as_str(), &request.headers()["apikey"]),
            ("/api/x?y=z", &"k".parse::<hyper::header::HeaderValue>().unwrap())
        );
        assert!(Head::post(&host, "/x", Some("line\nfeed")).request(Bytes::new()).is_err());
    }
}
