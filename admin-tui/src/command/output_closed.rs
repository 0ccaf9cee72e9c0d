//! Detects that the reader of standard output has closed the pipe, even while nothing is written.

use std::{future::pending, io, os::fd::AsFd as _};

use tokio::{io::Interest, net::unix::pipe::Sender};

/// Completes when the reader of standard output has closed the pipe. Never completes if standard output is not a pipe.
pub(super) async fn output_closed() {
    // `Sender::from_owned_fd` would make standard output non-blocking, even for other processes that share it. This
    // function writes nothing, so it does not need the non-blocking mode. If standard output is a regular file,
    // `from_owned_fd_unchecked` returns an error, because the runtime cannot wait for files.
    let pipe = io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    let closed = match &pipe {
        Ok(pipe) => pipe.ready(Interest::ERROR).await.is_ok(),
        Err(_) => false,
    };
    if !closed {
        pending().await
    }
}
