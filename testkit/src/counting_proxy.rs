//! A TCP proxy that counts the round trips between nodes and PostgreSQL.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

/// Handle to a proxy that runs until the process ends.
#[derive(Debug)]
pub struct CountingProxy {
    pub address: SocketAddr,
    round_trips: Arc<AtomicU64>,
}

impl CountingProxy {
    /// Starts a proxy on a free loopback port.
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let round_trips = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&round_trips);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else { continue };
                forward(client, server, &count);
            }
        });
        Self { address, round_trips }
    }

    /// Returns the number of round trips on all connections, except those of sessions that listen for changes.
    pub fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::SeqCst)
    }

    /// Replaces the port in the URL of a server with the port of this proxy. The URL must contain a port.
    pub fn url(&self, url: &str) -> String {
        with_port(url, self.address.port())
    }
}

/// Replaces the port in the URL of a server. The URL must contain a port.
pub(crate) fn with_port(url: &str, port: u16) -> String {
    let mut url = url::Url::parse(url).expect("a URL");
    url.set_port(Some(port)).expect("a URL with a host");
    url.to_string()
}

/// Returns the socket address of the PostgreSQL server that the URL names. If the URL has no port, the port is 5432.
pub fn address_of(url: &str) -> SocketAddr {
    let url = url::Url::parse(url).expect("a URL");
    let addresses = url.socket_addrs(|| Some(5432)).expect("an address");
    *addresses.first().expect("an address")
}

fn forward(client: TcpStream, server: TcpStream, count: &Arc<AtomicU64>) {
    let both = [&client, &server].map(|stream| {
        stream.set_nodelay(true).expect("a socket option");
        stream.try_clone().expect("a second handle")
    });
    let [client_writer, server_writer] = both;
    // A round trip begins when the client sends something after the server has sent something.
    let answered = Arc::new(AtomicBool::new(true));
    let (count, asked) = (Arc::clone(count), Arc::clone(&answered));
    thread::spawn(move || {
        let mut listens = false;
        copy(client, server_writer, |bytes| {
            listens |= bytes.windows(7).any(|part| part == b"LISTEN ");
            if asked.swap(false, Ordering::SeqCst) && !listens {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
    thread::spawn(move || copy(server, client_writer, |_| answered.store(true, Ordering::SeqCst)));
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..length];
        seen(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
