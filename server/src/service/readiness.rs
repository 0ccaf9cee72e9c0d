//! The result of the readiness check, which requests share, so that they cannot load the database with checks.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::db::DbError;

/// Time for which a result is used.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The last result. Requests that arrive during a check wait for it.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, Result<(), DbError>)>>);

impl Readiness {
    /// Returns a result that is at most one second old. Runs `check` only if there is none.
    pub async fn get_or_check(&self, check: impl Future<Output = Result<(), DbError>>) -> Result<(), DbError> {
        let mut last = self.0.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < MAX_AGE
        {
            return result.clone();
        }
        let result = check.await;
        *last = Some((Instant::now(), result.clone()));
        result
    }
}
