//! Deletes the data of deleted tenants and users. The rows that mark a tenant or user as deleted are removed last, so
//! that the job resumes after a crash.

use std::time::Duration;

use crate::{
    app::App,
    db::DbError,
    service::audit_logs,
    store::{kept_logs, tenants, users},
};

/// Maximum number of rows that one unit of work deletes. Other writes wait until this unit ends.
const BATCH: i64 = 200;
/// Maximum number of audit entries that one unit of work deletes. It is lower than [`BATCH`], because audit entries are
/// larger and have more indexes.
const AUDIT_BATCH: i64 = 50;
/// Maximum number of tenants that one run of the job deletes.
const TENANTS: i64 = 100;
/// Pause between units of work. Other writes run during the pause.
const PAUSE: Duration = Duration::from_millis(5);

/// Deletes the remaining data of deleted users and tenants, and the logs of deleted tenants after the retention time.
pub async fn finish_deletions(app: &App) -> Result<(), DbError> {
    while app.db.write(|connection| users::remove_some(connection, BATCH)).await? {
        tokio::time::sleep(PAUSE).await;
    }
    let deleted = app.db.read(|connection| tenants::deleted(connection, TENANTS)).await?;
    if !deleted.is_empty() && !audit_logs::writers_ended(&app.db).await? {
        // On PostgreSQL, units of work that began before a tenant was deleted may still write rows of this tenant. The
        // next run tries again.
        return Ok(());
    }
    for tenant in deleted {
        while app.db.write(move |connection| tenants::remove_some(connection, tenant, BATCH)).await? {
            tokio::time::sleep(PAUSE).await;
        }
    }
    let now = app.clock.now();
    while app.db.write(move |connection| kept_logs::delete_due(connection, now, AUDIT_BATCH)).await? {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
