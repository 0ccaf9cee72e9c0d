//! A receiver of webhooks: HTTPS on a loopback address, with the certificate of the test authority.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
};

use aws_lc_rs::hmac;
use doorward_server::forwarding::SIGNATURE;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

pub(crate) const SECRET: &str = "a secret of at least thirty-two characters";

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/fixtures/tls").join(name)
}

/// A request and the status of its response.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) status: u16,
    head: String,
    body: String,
}

impl Received {
    pub(crate) fn entries(&self) -> Vec<Value> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.entries().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
    }

    fn header(&self, name: &str) -> &str {
        let find =
            |line: &'_ str| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)).is_some();
        let line = self.head.lines().find(|line| find(line)).unwrap_or_else(|| panic!("no {name}: {}", self.head));
        line.split_once(": ").unwrap().1
    }

    /// Verifies the signature as a receiver does, and returns the time that the signature contains.
    pub(crate) fn verify(&self) -> i64 {
        assert_eq!(self.header("content-type"), "application/x-ndjson");
        let (time, digits) = self.header(SIGNATURE).strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let bytes: Vec<u8> =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        hmac::verify(&key, format!("{time}.{}", self.body).as_bytes(), &bytes).expect("a valid signature");
        time.parse().unwrap()
    }
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    /// Status of the responses; [`Receiver::respond`] changes it.
    status: AtomicU16,
    connections: AtomicUsize,
    location: Mutex<String>,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) port: u16,
    state: Arc<State>,
}

impl Receiver {
    /// Starts a receiver that responds with this status.
    pub(crate) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Self { port, state: Arc::new(State { status: status.into(), ..State::default() }) };
        tokio::spawn(receiver.clone().accept(listener));
        receiver
    }

    pub(crate) fn respond(&self, status: u16, location: &str) {
        location.clone_into(&mut self.state.location.lock().unwrap());
        self.state.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Returns the ids of the entries in requests that got a 200 response, without duplicates, in the order of arrival.
    pub(crate) fn accepted_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for request in self.received().iter().filter(|request| request.status == 200) {
            let new: Vec<String> = request.ids().into_iter().filter(|id| !ids.contains(id)).collect();
            ids.extend(new);
        }
        ids
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    async fn accept(self, listener: TcpListener) {
        let certificate = CertificateDer::from_pem_file(fixture("first.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(fixture("first.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            self.state.connections.fetch_add(1, Ordering::SeqCst);
            let (receiver, acceptor) = (self.clone(), acceptor.clone());
            tokio::spawn(async move {
                // A client that does not trust the certificate ends the handshake.
                if let Ok(stream) = acceptor.accept(stream).await {
                    receiver.respond_once(stream).await;
                }
            });
        }
    }

    /// Reads one request and closes the connection after the response.
    async fn respond_once(&self, mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
        let mut bytes = Vec::new();
        let (head, body) = loop {
            // The sender may be killed at any time.
            let Ok(1..) = stream.read_buf(&mut bytes).await else { return };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        };
        let status = self.state.status.load(Ordering::SeqCst);
        self.state.received.lock().unwrap().push(Received { status, head, body });
        let location = self.state.location.lock().unwrap().clone();
        let response = format!(
            "HTTP/1.1 {status} status\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(response.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
