//! Units of work that write an audit entry. If the database connection is lost during the commit, the entry shows
//! whether the unit was committed.

use doorward_shared::{AuditId, TenantId};

use super::{Refusal, RequestContext};
use crate::{
    app::App,
    db::{Connection, DbError, Written, statement::Statement},
    store::audit,
};

/// The value of a unit of work, with the log and the id of the last audit entry that the unit wrote.
#[derive(Debug)]
pub(super) struct Audited<T> {
    pub(super) value: T,
    entry: Option<(TenantId, AuditId)>,
}

impl<T> Audited<T> {
    pub(super) const fn new(value: T, tenant: TenantId, entry: AuditId) -> Self {
        Self { value, entry: Some((tenant, entry)) }
    }

    /// Creates the value of a unit that changed nothing or is followed by another unit that completes the change. It
    /// does not matter whether such a unit was committed.
    pub(super) const fn without_entry(value: T) -> Self {
        Self { value, entry: None }
    }
}

/// Result of a unit of work that is committed even if the request is refused, so that the audit entry is kept.
pub(super) type AuditedOutcome<T> = Result<Audited<Result<T, Refusal>>, DbError>;

/// Executes a unit of work in one transaction and returns after the durable commit; see
/// [`Database::write`](crate::db::Database::write).
///
/// # Errors
/// Those of the unit and of the database. [`DbError::CommitUnknown`] if the connection was lost during the commit and
/// the audit entry is not found.
pub(super) async fn write<T, E>(
    context: &RequestContext,
    unit: impl Fn(&mut Connection) -> Result<Audited<T>, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let written = context.app.db.write_with_outcome(unit).await?;
    Ok(confirm(&context.app, &context.meta.request_id, written).await?)
}

/// Like [`write()`], for a unit of work that begins with `statement`; see
/// [`Database::write_after`](crate::db::Database::write_after).
pub(super) async fn write_after<S, T, E>(
    context: &RequestContext,
    statement: Option<S>,
    unit: impl Fn(&mut Connection, Option<S::Output>) -> Result<Audited<T>, E> + Send + 'static,
) -> Result<T, E>
where
    S: Statement,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    let written = context.app.db.write_after(statement, unit).await?;
    Ok(confirm(&context.app, &context.meta.request_id, written).await?)
}

/// Returns the value of a committed unit. If it is unknown whether the unit was committed, looks for its audit entry.
pub(super) async fn confirm<T>(app: &App, request_id: &str, written: Written<Audited<T>>) -> Result<T, DbError> {
    let (Audited { value, entry }, error) = match written {
        Written::Committed(Audited { value, .. }) => return Ok(value),
        Written::Unknown(audited, error) => (audited, error),
    };
    let Some((tenant, entry)) = entry else { return Ok(value) };
    // PostgreSQL may commit after the loss of the connection, so caches may contain data from before the commit.
    let found = app.db.write_and_invalidate(move |connection| audit::hold(connection, tenant, entry)).await;
    match found {
        Ok(true) => {
            tracing::warn!(request_id, %tenant, %error, "found the audit entry of a commit without a response");
            Ok(value)
        }
        Ok(false) | Err(_) => Err(error),
    }
}
