//! Readiness of the process.

use crate::{app::App, db::DbError, store::installation};

/// Checks that the database responds and has Doorward's tables.
pub async fn check_database(app: &App) -> Result<(), DbError> {
    app.db.read(|conn| installation::get(conn, installation::SEALED_WORD)).await.map(drop)
}

/// Returns the result of [`check_database`], which requests of the same second share.
pub async fn readiness(app: &App) -> Result<(), DbError> {
    app.readiness.get_or_check(check_database(app)).await
}
