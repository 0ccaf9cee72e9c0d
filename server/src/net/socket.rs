//! The socket of a connection, below TLS. It records whether the client reads what is written.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use rustix::{
    fd::{AsFd as _, BorrowedFd},
    net::{RecvFlags, SendFlags},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
};

use super::bound::Connected;

/// What a socket records about its writes.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// Whether the kernel accepts no more bytes, because the client does not read.
    pub(super) stalled: Cell<bool>,
    /// Number of successful writes.
    pub(super) count: Cell<u64>,
}

#[derive(Debug)]
pub(super) struct Socket {
    stream: Registered,
    writes: Rc<Writes>,
}

#[derive(Debug)]
enum Registered {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Evaluates an expression for a TCP stream or a Unix stream.
macro_rules! with_stream {
    ($socket:expr, $stream:ident => $value:expr) => {
        match $socket {
            Registered::Tcp($stream) => $value,
            Registered::Unix($stream) => $value,
        }
    };
}

impl Socket {
    /// Registers a connection with the current runtime.
    pub(super) fn new(connected: Connected, writes: Rc<Writes>) -> io::Result<Self> {
        let stream = match connected {
            Connected::Tcp(stream) => Registered::Tcp(TcpStream::from_std(stream)?),
            Connected::Unix(stream) => Registered::Unix(UnixStream::from_std(stream)?),
        };
        Ok(Self { stream, writes })
    }

    /// Waits for the first byte and returns it without removing it; `None` if the client closes the connection.
    pub(super) async fn first_byte(&self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let (_, count) = with_stream!(&self.stream, stream => {
            let peek = || Ok(rustix::net::recv(stream, &mut byte, RecvFlags::PEEK)?);
            stream.async_io(Interest::READABLE, peek).await?
        });
        Ok((count > 0).then_some(byte[0]))
    }

    /// Makes the kernel discard unsent bytes and reset the connection when the socket is closed. Does nothing for a
    /// Unix socket, because written bytes are already in the queue of the client.
    pub(super) fn discard_unsent(&self) -> io::Result<()> {
        match &self.stream {
            Registered::Tcp(stream) => stream.set_zero_linger(),
            Registered::Unix(_) => Ok(()),
        }
    }
}

impl Registered {
    fn as_fd(&self) -> BorrowedFd<'_> {
        with_stream!(self, stream => stream.as_fd())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        with_stream!(&mut self.stream, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = match with_stream!(&mut self.stream, stream => Pin::new(stream).poll_write(context, bytes)) {
            // The write is tried even though the socket is not reported as writable, because the kernel may still
            // accept some bytes. If it accepts none now, a later successful write means that the client has read
            // something.
            Poll::Pending => {
                match rustix::net::send(self.stream.as_fd(), bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                    Ok(count) => Poll::Ready(Ok(count)),
                    Err(rustix::io::Errno::AGAIN) => Poll::Pending,
                    Err(error) => Poll::Ready(Err(error.into())),
                }
            }
            written => written,
        };
        if !matches!(written, Poll::Ready(Err(_))) {
            self.writes.stalled.set(written.is_pending());
            self.writes.count.set(self.writes.count.get().wrapping_add(u64::from(written.is_ready())));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(&mut self.stream, stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(&mut self.stream, stream => Pin::new(stream).poll_shutdown(context))
    }
}
