//! One tokio runtime per database thread, so that a query never switches threads.

use std::sync::Arc;

use diesel_async::async_connection_wrapper::BlockOn;
use tokio::runtime::{Builder, Runtime};

use super::super::error::DbError;

/// The runtime of the current thread, which polls the thread's connection.
pub struct ThreadRuntime(Arc<Runtime>);

thread_local! {
    static RUNTIME: Option<Arc<Runtime>> = Builder::new_current_thread().enable_all().build().ok().map(Arc::new);
}

impl ThreadRuntime {
    pub(super) fn current() -> Result<Self, DbError> {
        let runtime = RUNTIME.with(Clone::clone);
        runtime.map(Self).ok_or_else(|| DbError::Unavailable("cannot start an async runtime".to_owned()))
    }
}

impl std::fmt::Debug for ThreadRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ThreadRuntime")
    }
}

impl BlockOn for ThreadRuntime {
    fn block_on<F: Future>(&self, f: F) -> F::Output {
        self.0.block_on(f)
    }

    #[expect(clippy::expect_used, reason = "the trait returns no error, and `connect` called `current` before")]
    fn get_runtime() -> Self {
        Self::current().expect("connections are only created on threads with a runtime")
    }
}
