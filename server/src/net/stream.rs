//! The stream that actix-http reads and writes, with or without TLS. It reports reads and writes to [`Activity`].

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{activity::Activity, transport::Transport};

#[derive(Debug)]
pub(super) struct Stream {
    /// Transport of the connection, present until the stream is dropped.
    transport: Option<Transport>,
    activity: Rc<Activity>,
}

impl Stream {
    pub(super) fn new(transport: Transport, activity: Rc<Activity>) -> Self {
        Self { transport: Some(transport), activity }
    }

    pub(super) fn activity(&self) -> &Rc<Activity> {
        &self.activity
    }

    fn transport(&mut self) -> io::Result<Pin<&mut Transport>> {
        self.transport.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.activity.released.set(self.transport.take());
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = self.transport()?.poll_read(context, buffer);
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
        self.transport()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.activity.flushed();
        self.transport()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.transport()?.poll_shutdown(context)
    }
}
