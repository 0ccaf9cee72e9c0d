//! Readiness of the process.

use crate::{app::App, clock, db::DbError};

/// Checks that the latest scheduled probe of each tenant succeeded.
///
/// # Errors
/// [`DbError::Unavailable`] if one failed. The error names no tenant, because anybody may ask.
pub fn check_probes(app: &App) -> Result<(), DbError> {
    let failed = app.probe_results.any_failed();
    if failed { Err(DbError::Unavailable("a scheduled probe failed".to_owned())) } else { Ok(()) }
}

/// Checks that the database responds, has Doorward's tables, and commits a write. Requests within a second share one
/// check.
///
/// # Errors
/// The error of the database; [`DbError::Unavailable`] if the check takes more than 1.5 seconds.
pub async fn check_database(app: &App) -> Result<(), DbError> {
    let id = clock::new_uuid(app.clock.now(), app.entropy.as_ref());
    let id = id.map_err(|error| DbError::Unavailable(error.to_string()))?;
    app.readiness.check(&app.db, id).await
}
