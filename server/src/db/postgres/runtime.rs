//! One tokio runtime per database thread, so that a query never switches threads. Ends statements after a deadline.

use std::{cell::RefCell, pin::pin, sync::Arc, time::Duration};

use diesel_async::async_connection_wrapper::BlockOn;
use tokio::{
    runtime::{Builder, Runtime},
    task::AbortHandle,
};

use super::super::error::DbError;

/// The runtime of the current thread, which polls the thread's connection.
pub struct ThreadRuntime(Arc<Runtime>);

/// The time limit for each statement of the thread's connection.
#[derive(Debug, Clone)]
pub(super) struct Deadline {
    pub(super) limit: Duration,
    /// The task that polls the connection. Aborting it closes the connection, and the current statement fails.
    pub(super) driver: AbortHandle,
}

thread_local! {
    static RUNTIME: Option<Arc<Runtime>> = Builder::new_current_thread().enable_all().build().ok().map(Arc::new);
    static DEADLINE: RefCell<Option<Deadline>> = const { RefCell::new(None) };
}

impl ThreadRuntime {
    pub(super) fn current() -> Result<Self, DbError> {
        let runtime = RUNTIME.with(Clone::clone);
        runtime.map(Self).ok_or_else(|| DbError::Unavailable("cannot start an async runtime".to_owned()))
    }
}

/// Sets the deadline of all later statements of this thread; `None` removes it.
pub(super) fn set_deadline(deadline: Option<Deadline>) {
    DEADLINE.set(deadline);
}

/// Closes the thread's connection, so that all further statements on it fail.
pub(super) fn close_connection() {
    DEADLINE.with_borrow(|deadline| {
        if let Some(deadline) = deadline {
            deadline.driver.abort();
        }
    });
}

impl std::fmt::Debug for ThreadRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ThreadRuntime")
    }
}

impl BlockOn for ThreadRuntime {
    fn block_on<F: Future>(&self, f: F) -> F::Output {
        let Some(deadline) = DEADLINE.with_borrow(Clone::clone) else { return self.0.block_on(f) };
        self.0.block_on(async {
            let mut f = pin!(f);
            match tokio::time::timeout(deadline.limit, f.as_mut()).await {
                Ok(output) => output,
                Err(_) => {
                    deadline.driver.abort();
                    f.await
                }
            }
        })
    }

    #[expect(clippy::expect_used, reason = "the trait returns no error, and `connect` called `current` before")]
    fn get_runtime() -> Self {
        Self::current().expect("connections are only created on threads with a runtime")
    }
}
