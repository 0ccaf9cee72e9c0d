//! Readiness of the process.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

use crate::{app::App, db::DbError, store::installation};

/// Time for which requests share one check. Clients without a key cause at most one write in this time.
const SHARED_FOR: Duration = Duration::from_secs(1);
/// Maximum duration of a check. A database that needs longer is too slow for requests.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Name of the value that each check writes.
const LAST_CHECK: &str = "readiness_check";

/// The latest check and its end. Concurrent requests wait for the same check.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, Result<(), DbError>)>>);

/// Checks that the database responds, has Doorward's tables, and commits a write: one small row. Returns the result of
/// the previous check if it is less than a second old.
///
/// # Errors
/// The error of the database; [`DbError::Unavailable`] if the check takes more than two seconds.
pub async fn check_database(app: &App) -> Result<(), DbError> {
    let mut latest = app.readiness.0.lock().await;
    if let Some((at, result)) = latest.as_ref()
        && at.elapsed() < SHARED_FOR
    {
        return result.clone();
    }
    let checked = tokio::time::timeout(TIMEOUT, check(app)).await;
    let result = checked.unwrap_or_else(|_| Err(DbError::Unavailable(format!("no response within {TIMEOUT:?}"))));
    *latest = Some((Instant::now(), result.clone()));
    result
}

async fn check(app: &App) -> Result<(), DbError> {
    app.db.check_space()?;
    app.db.read(|conn| installation::get(conn, installation::SEALED_WORD)).await?;
    let now = app.clock.now().millis().to_string();
    app.db.write(move |conn| installation::put(conn, LAST_CHECK, &now)).await
}
