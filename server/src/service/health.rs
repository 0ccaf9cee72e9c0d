//! Readiness of the process.

use crate::{app::App, clock, db::DbError};

/// Returns whether the latest scheduled probe of any tenant failed.
pub fn has_failed_probe(app: &App) -> bool {
    app.probe_results.any_failed()
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
