//! Starts threads for database work.

use std::thread::JoinHandle;

use super::error::DbError;

/// Runs blocking work on a new thread outside of any async runtime, because PostgreSQL connections start their own
/// runtime.
pub(crate) async fn run_blocking<T: Send + 'static, E: From<DbError> + Send + 'static>(
    f: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    spawn("db-open", move || {
        let _ = sender.send(f());
    })?;
    receiver.await.unwrap_or_else(|_| Err(DbError::Database("a database thread panicked".to_owned()).into()))
}

pub(super) fn spawn(name: &str, f: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, DbError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(f)
        .map_err(|error| DbError::Unavailable(format!("cannot start a thread: {error}")))
}
