//! Folded counts of tenants, a moment after they changed.

use crate::{app::App, db::DbError, store::tenant_summaries};

/// Changes of counts that are folded in one unit of work.
const CHANGES_AT_ONCE: i64 = 5_000;

/// Brings everything up to date that changed before.
///
/// # Errors
/// As the database has them; the next run goes on.
pub async fn settle(app: &App) -> Result<(), DbError> {
    while app.db.write(|connection| tenant_summaries::fold(connection, CHANGES_AT_ONCE)).await? > 0 {}
    Ok(())
}

/// Brings everything up to date, however much it is, before anybody is served.
///
/// # Errors
/// As the database has them.
pub async fn catch_up(app: &App) -> Result<(), DbError> {
    settle(app).await
}
