//! Reads audit logs.

use std::{collections::BTreeSet, time::Duration};

use doorward_shared::{
    AuditId, AuditType, TenantId,
    audit::{AdminAuditLogItem, AuditLogItem},
    page::PageRequest,
};

use serde_json::json;

use super::{ServiceError, audit::event};
use crate::{
    app::App,
    db::{Connection, Database, DbError, Engine},
    domain::{
        RequestMeta,
        audit::{AuditCursor, AuditFilter, Horizon, LogPage, LogSlice, Total},
    },
    store::{
        audit::{self, OpenWriters},
        tenants,
    },
};

/// Pause between two reads of the [`Horizon`], while transactions that write entries are running.
const WAIT: Duration = Duration::from_millis(2);
/// Maximum number of these pauses in one request.
const MAX_WAITS: u32 = 50;

/// The log to read, and whether a tenant or an administrator reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// A tenant's log, read by the tenant itself and not by an administrator.
    Own(TenantId),
    /// A tenant's or the installation's log that an administrator reads. Entries contain the tenant's name.
    Of(TenantId),
    /// All logs together. Only administrators read them.
    All,
}

impl Log {
    const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Own(tenant) | Self::Of(tenant) => Some(tenant),
            Self::All => None,
        }
    }

    /// Adds the names of tenants if the reader of the log may see these names.
    pub(super) fn named(
        self,
        connection: &mut Connection,
        entries: Vec<AuditLogItem>,
    ) -> Result<Vec<AdminAuditLogItem>, DbError> {
        let names = match self {
            Self::Own(_) => Default::default(),
            Self::Of(_) | Self::All => {
                let ids: BTreeSet<TenantId> = entries.iter().map(|entry| entry.tenant_id).collect();
                tenants::names(connection, &ids)?
            }
        };
        let named =
            |entry: AuditLogItem| AdminAuditLogItem { tenant_name: names.get(&entry.tenant_id).cloned(), entry };
        Ok(entries.into_iter().map(named).collect())
    }
}

/// Returns a numbered page of a log, newest entries first.
pub async fn page(
    app: &App,
    log: Log,
    filter: AuditFilter,
    page: PageRequest,
) -> Result<LogPage<AdminAuditLogItem>, ServiceError> {
    let horizon = horizon(&app.db).await?;
    let read = move |connection: &mut Connection| {
        let LogPage { items, total, next } = audit::page(connection, log.tenant(), &filter, horizon.as_ref(), page)?;
        Ok::<_, DbError>(LogPage { items: log.named(connection, items)?, total, next })
    };
    Ok(app.db.read(read).await?)
}

/// Returns the entries after or before a given entry, without a total. The cost does not depend on the position of this
/// entry.
pub async fn slice(
    app: &App,
    log: Log,
    filter: AuditFilter,
    cursor: AuditCursor,
    limit: u32,
) -> Result<LogSlice<AdminAuditLogItem>, ServiceError> {
    let horizon = horizon(&app.db).await?;
    let read = move |connection: &mut Connection| {
        let LogSlice { items, next, is_cut } =
            audit::slice(connection, log.tenant(), &filter, horizon.as_ref(), cursor, limit)?;
        Ok::<_, DbError>(LogSlice { items: log.named(connection, items)?, next, is_cut })
    };
    Ok(app.db.read(read).await?)
}

pub async fn total(app: &App, log: Log, filter: AuditFilter) -> Result<Total, ServiceError> {
    let horizon = horizon(&app.db).await?;
    let read = move |connection: &mut Connection| audit::total(connection, log.tenant(), &filter, horizon.as_ref());
    Ok(app.db.read(read).await?)
}

/// Writes the audit entry of an export and returns its id. The export ends before this entry. The entry is in the
/// exported log, or in the installation's log if all logs or the log of a deleted tenant are exported.
pub async fn record_export(
    app: &App,
    log: Log,
    meta: &RequestMeta,
    actor: Option<String>,
    format: &str,
) -> Result<AuditId, ServiceError> {
    let exists = match log.tenant() {
        Some(tenant) => app.db.read(move |connection| tenants::find(connection, tenant)).await?.is_some(),
        None => false,
    };
    let target = log.tenant().filter(|_| exists).unwrap_or(TenantId::INSTALLATION);
    let entry = event(app, target, meta, AuditType::AuditExported, app.clock.now())?.by(actor);
    let entry = entry.detail(json!({ "format": format, "tenant_id": log.tenant() }));
    Ok(app.db.write(move |connection| entry.write_with_id(connection)).await?)
}

/// Waits at most 100 ms for units of work that have written an audit entry but have not committed. Returns whether all
/// of them have ended. SQLite never has such units, because it has only one writer.
pub async fn writers_ended(db: &Database) -> Result<bool, DbError> {
    Ok(horizon(db).await?.is_none_or(|horizon| horizon.is_newest))
}

/// Returns the upper limit of the ids that a later read on PostgreSQL may return; `None` on SQLite. Waits up to 100 ms
/// until running transactions have ended. Otherwise, the limit could exclude committed entries, such as those of the
/// caller's earlier requests.
///
/// # Errors
/// [`DbError`] if a read fails.
pub async fn horizon(db: &Database) -> Result<Option<Horizon>, DbError> {
    if db.engine() == Engine::Sqlite {
        return Ok(None);
    }
    let mut open = None;
    for _ in 0..=MAX_WAITS {
        open = db.read(move |connection| audit::open_writers(connection, open.as_ref())).await?;
        match open.as_ref().map(OpenWriters::horizon) {
            Some(horizon) if !horizon.is_newest => tokio::time::sleep(WAIT).await,
            found => return Ok(found),
        }
    }
    Ok(open.as_ref().map(OpenWriters::horizon))
}
