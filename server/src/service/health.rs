//! Readiness of the process.

use crate::{app::App, db::DbError, store::installation};

/// Checks that the database responds and has Doorward's tables.
pub async fn check_database(app: &App) -> Result<(), DbError> {
    app.db.read(|conn| installation::get(conn, installation::SEALED_WORD)).await.map(drop)
}
