//! The readiness check. Requests share its result.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};
use uuid::Uuid;

use crate::{
    db::{Connection, Database, DbError},
    store::installation,
};

/// Time for which requests share the result of one check. Clients need no key for the check. Because its result is
/// shared, all clients together cause at most one write in this time.
const SHARED_FOR: Duration = Duration::from_secs(1);
/// Maximum duration of a check. A database that needs longer is too slow for requests.
const TIMEOUT: Duration = Duration::from_millis(1_500);
/// Beginning of the name of the row that a check writes.
const CHECK: &str = "readiness_check/";

/// The time at which a check ended, and its result.
type Checked = (Instant, Result<(), DbError>);

/// The latest check. Concurrent requests wait for the same check.
#[derive(Debug, Default)]
pub struct Readiness(Arc<Mutex<Option<Checked>>>);

impl Readiness {
    /// Returns the result of the previous check if this result is less than a second old. Otherwise, reads one row and
    /// commits a write. `id` must differ from the ids of all other checks.
    ///
    /// # Errors
    /// The error of the database; [`DbError::Unavailable`] if the check takes more than 1.5 seconds.
    pub async fn check(&self, db: &Database, id: Uuid) -> Result<(), DbError> {
        let mut latest = Arc::clone(&self.0).lock_owned().await;
        if let Some((at, result)) = latest.as_ref()
            && at.elapsed() < SHARED_FOR
        {
            return result.clone();
        }
        let db = db.clone();
        // The check continues if the client disconnects, because otherwise each client that disconnects could cause
        // another write.
        let check = tokio::spawn(async move {
            let checked = tokio::time::timeout(TIMEOUT, read_and_write(&db, id)).await;
            let timeout = |_| Err(DbError::Unavailable(format!("no response within {TIMEOUT:?}")));
            let result = checked.unwrap_or_else(timeout);
            *latest = Some((Instant::now(), result.clone()));
            result
        });
        check.await.unwrap_or_else(|error| Err(DbError::Unavailable(error.to_string())))
    }
}

/// Reads a row, and then adds a row of its own and removes it again. If all nodes updated the same row, each check
/// would have to wait for the others.
async fn read_and_write(db: &Database, id: Uuid) -> Result<(), DbError> {
    db.check_space()?;
    db.read(|conn| installation::get(conn, installation::SEALED_WORD)).await?;
    let name = format!("{CHECK}{id}");
    let write = move |conn: &mut Connection| {
        installation::put(conn, &name, "")?;
        installation::delete(conn, &name)
    };
    db.write(write).await
}
