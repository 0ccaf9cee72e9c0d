//! Readiness of the process.

use crate::{app::App, db::DbError};

/// Checks that the database responds, has Doorward's tables, and commits a write. Requests within a second share one
/// check.
///
/// # Errors
/// The error of the database; [`DbError::Unavailable`] if the check takes more than 1.5 seconds.
pub async fn check_database(app: &App) -> Result<(), DbError> {
    app.readiness.check(&app.db, app.clock.now()).await
}
