//! A TCP proxy that closes connections between a node and PostgreSQL at a given statement.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::counting_proxy::with_port;

/// Moment at which a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the server receives the statement.
    Before,
    /// After the server has executed COMMIT, but before the client receives the response.
    AfterCommit,
}

/// Text in the message with which a node commits a transaction that writes.
pub const COMMIT: &str = "; COMMIT";
/// Bytes that the server sends after it has executed COMMIT.
const COMMITTED: &[u8] = b"COMMIT\0";

#[derive(Debug, Default)]
struct State {
    /// Arguments of [`BreakingProxy::close_at`], with the number of connections that are still to be closed. `None` if
    /// this number is 0.
    armed: Option<(&'static str, Moment, usize)>,
    /// Connections, except those of sessions that listen for changes.
    connections: Vec<TcpStream>,
    closed: usize,
}

/// Handle to a proxy that runs until the process ends.
#[derive(Debug)]
pub struct BreakingProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl BreakingProxy {
    /// Starts a proxy on a free loopback port.
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let proxy = Self { address, state: Arc::default() };
        let state = Arc::clone(&proxy.state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else { continue };
                forward(client, server, &state);
            }
        });
        proxy
    }

    /// Replaces the port in the URL of a server with the port of this proxy. The URL must contain a port.
    pub fn url(&self, url: &str) -> String {
        with_port(url, self.address.port())
    }

    /// Closes each connection that sends one of the next `times` statements with the given text.
    pub fn close_at(&self, text: &'static str, moment: Moment, times: usize) {
        let mut state = lock(&self.state);
        (state.armed, state.closed) = (Some((text, moment, times)), 0);
    }

    /// Closes all connections, except those of sessions that listen for changes. The connections that replace them have
    /// no prepared statements.
    pub fn close_connections(&self) {
        for connection in lock(&self.state).connections.drain(..) {
            close(&connection);
        }
    }

    /// Returns how many connections have been closed because of the last call of [`BreakingProxy::close_at`].
    pub fn closed(&self) -> usize {
        lock(&self.state).closed
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the moment at which to close the connection that sends these bytes; `None` if the connection stays open.
fn moment(state: &Mutex<State>, bytes: &[u8]) -> Option<Moment> {
    let mut state = lock(state);
    let (text, moment, times) = state.armed.filter(|(text, ..)| contains(bytes, text.as_bytes()))?;
    state.armed = (times > 1).then_some((text, moment, times - 1));
    state.closed += 1;
    Some(moment)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn close(connection: &TcpStream) {
    let _ = connection.shutdown(Shutdown::Both);
}

fn forward(client: TcpStream, server: TcpStream, state: &Arc<Mutex<State>>) {
    let copy = |stream: &TcpStream| {
        stream.set_nodelay(true).expect("a socket option");
        stream.try_clone().expect("a second handle")
    };
    let (mut to_client, mut to_server, registered) = (copy(&client), copy(&server), copy(&client));
    let (mut from_client, mut from_server, state) = (client, server, Arc::clone(state));
    let discards = Arc::new(AtomicBool::new(false));
    let discarding = Arc::clone(&discards);
    thread::spawn(move || {
        let mut registered = Some(registered);
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_client.read(&mut buffer) {
            let bytes = &buffer[..length];
            // Connections of workers begin transactions; the listening session does not.
            if contains(bytes, b"BEGIN")
                && let Some(connection) = registered.take()
            {
                lock(&state).connections.push(connection);
            }
            match moment(&state, bytes) {
                Some(Moment::Before) => break,
                Some(Moment::AfterCommit) => discards.store(true, Ordering::SeqCst),
                None => {}
            }
            if to_server.write_all(bytes).is_err() {
                break;
            }
        }
        close(&to_server);
        close(&from_client);
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut buffer) {
            let bytes = &buffer[..length];
            if discarding.load(Ordering::SeqCst) {
                if contains(bytes, COMMITTED) {
                    break;
                }
            } else if to_client.write_all(bytes).is_err() {
                break;
            }
        }
        close(&to_client);
        close(&from_server);
    });
}
