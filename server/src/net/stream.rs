//! The socket as actix-http sees it. It reports reads and writes to [`Activity`].

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use rustix::net::SendFlags;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::activity::Activity;

#[derive(Debug)]
pub(super) struct Stream {
    /// Present until the stream is dropped.
    socket: Option<TcpStream>,
    activity: Rc<Activity>,
}

impl Stream {
    pub(super) fn new(socket: TcpStream, activity: Rc<Activity>) -> Self {
        Self { socket: Some(socket), activity }
    }

    pub(super) fn activity(&self) -> &Rc<Activity> {
        &self.activity
    }

    fn socket(&mut self) -> io::Result<&mut TcpStream> {
        self.socket.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.activity.released.set(self.socket.take());
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(self.socket()?).poll_read(context, buffer);
        if let Some(received) = buffer.filled().get(before..)
            && !received.is_empty()
        {
            self.activity.received(received);
        }
        result
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.activity.reject() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = match Pin::new(self.socket()?).poll_write(context, bytes) {
            // The write is tried anyway, because the kernel accepts some bytes before it reports a socket as writable.
            // If it accepts none now, a later success means that the client has read something.
            Poll::Pending => {
                match rustix::net::send(self.socket()?, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                    Ok(count) => Poll::Ready(Ok(count)),
                    Err(rustix::io::Errno::AGAIN) => Poll::Pending,
                    Err(error) => Poll::Ready(Err(error.into())),
                }
            }
            written => written,
        };
        match written {
            Poll::Ready(Ok(_)) => self.activity.written(),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.stalled(),
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.activity.flushed();
        Pin::new(self.socket()?).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.socket()?).poll_shutdown(context)
    }
}
