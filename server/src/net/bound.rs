//! Bound sockets (TCP or Unix), and the connections that they accept.

use std::{
    io,
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
};

use socket2::SockRef;

use super::{peer::Peer, unix_socket::UnixSocket};

/// Maximum number of unsent bytes that the kernel buffers for a connection. Without this limit, the kernel would buffer
/// megabytes, and a response that the client does not read would look complete.
const MAX_UNSENT: u32 = 16 * 1024;

/// A bound socket of a listener.
#[derive(Debug)]
pub enum BoundSocket {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

/// An accepted connection that is not yet registered with a runtime.
#[derive(Debug)]
pub(super) enum Connected {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A second handle to a bound socket, registered with a runtime.
pub(super) enum Waiting {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl BoundSocket {
    /// Returns a handle with which the current runtime waits for connections. Makes the socket non-blocking.
    pub(super) fn in_runtime(&self) -> io::Result<Waiting> {
        match self {
            Self::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                // Connections inherit the option from their listener.
                SockRef::from(listener).set_tcp_notsent_lowat(MAX_UNSENT)?;
                Ok(Waiting::Tcp(tokio::net::TcpListener::from_std(listener.try_clone()?)?))
            }
            Self::Unix(socket) => {
                socket.listener().set_nonblocking(true)?;
                Ok(Waiting::Unix(tokio::net::UnixListener::from_std(socket.listener().try_clone()?)?))
            }
        }
    }

    /// Accepts a connection from the kernel's queue without waiting.
    pub(super) fn accept_queued(&self) -> io::Result<(Connected, Peer)> {
        let accepted = match self {
            Self::Tcp(listener) => listener.accept().map(|(stream, peer)| (Connected::Tcp(stream), Peer::Tcp(peer))),
            Self::Unix(socket) => socket.listener().accept().map(|(stream, _)| (Connected::Unix(stream), Peer::Unix)),
        };
        accepted.and_then(prepared)
    }

    /// On a Unix socket, makes new clients fail to connect, but keeps the connections in the kernel's queue. Does
    /// nothing on a TCP socket.
    pub(super) fn refuse_new_clients(&mut self) {
        if let Self::Unix(socket) = self {
            socket.remove_file();
        }
    }
}

impl Waiting {
    pub(super) async fn accept(&self) -> io::Result<(Connected, Peer)> {
        let accepted = match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                (Connected::Tcp(stream.into_std()?), Peer::Tcp(peer))
            }
            Self::Unix(listener) => (Connected::Unix(listener.accept().await?.0.into_std()?), Peer::Unix),
        };
        prepared(accepted)
    }
}

/// Makes a connection non-blocking and limits its unsent bytes.
fn prepared(accepted: (Connected, Peer)) -> io::Result<(Connected, Peer)> {
    match &accepted.0 {
        Connected::Tcp(stream) => stream.set_nonblocking(true)?,
        Connected::Unix(stream) => {
            stream.set_nonblocking(true)?;
            SockRef::from(stream).set_send_buffer_size(MAX_UNSENT as usize)?;
        }
    }
    Ok(accepted)
}
