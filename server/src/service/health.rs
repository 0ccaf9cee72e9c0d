//! Readiness of the process.

use std::time::Duration;

use crate::{app::App, db::DbError, store::installation};

/// Maximum time of a check. Supervisors usually wait for a few seconds.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// Checks that the database responds in time and has Doorward's tables.
pub async fn check_database(app: &App) -> Result<(), DbError> {
    let read = app.db.read(|conn| installation::get(conn, installation::SEALED_WORD));
    match tokio::time::timeout(TIMEOUT, read).await {
        Ok(result) => result.map(drop),
        Err(_) => Err(DbError::Unavailable(format!("no response within {TIMEOUT:?}"))),
    }
}
