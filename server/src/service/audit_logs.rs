//! Reading audit logs.

use std::collections::BTreeSet;

use doorward_shared::{
    TenantId,
    audit::{AdminAuditLogItem, AuditLogItem},
    page::PageRequest,
};

use super::ServiceError;
use crate::{
    app::App,
    db::{Connection, DbError},
    domain::audit::{AuditCursor, AuditFilter},
    store::{
        audit::{self, LogPage},
        tenants,
    },
};

/// Which log is read, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// A tenant's, for the tenant itself.
    Own(TenantId),
    /// A tenant's or the installation's, for an administrator: with the tenant's name.
    Of(TenantId),
    /// All together, for an administrator.
    All,
}

impl Log {
    const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Own(tenant) | Self::Of(tenant) => Some(tenant),
            Self::All => None,
        }
    }

    /// The entries as this log's reader sees them.
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

/// A numbered page of a log, newest first, with the number of all entries that match, where it is counted.
///
/// # Errors
/// As the database has them.
pub async fn page(
    app: &App,
    log: Log,
    filter: AuditFilter,
    page: PageRequest,
) -> Result<LogPage<AdminAuditLogItem>, ServiceError> {
    let read = move |connection: &mut Connection| {
        let found = audit::page(connection, log.tenant(), &filter, page)?;
        Ok::<_, DbError>(LogPage { items: log.named(connection, found.items)?, total: found.total })
    };
    Ok(app.db.read(read).await?)
}

/// Entries after or before one: cheap at any depth, and without a total.
///
/// # Errors
/// As the database has them.
pub async fn slice(
    app: &App,
    log: Log,
    filter: AuditFilter,
    cursor: AuditCursor,
    limit: u32,
) -> Result<Vec<AdminAuditLogItem>, ServiceError> {
    let read = move |connection: &mut Connection| {
        let found = audit::slice(connection, log.tenant(), &filter, cursor, limit)?;
        log.named(connection, found)
    };
    Ok(app.db.read(read).await?)
}

/// How many entries match, where they are counted.
///
/// # Errors
/// As the database has them.
pub async fn total(app: &App, log: Log, filter: AuditFilter) -> Result<Option<u64>, ServiceError> {
    Ok(app.db.read(move |connection| audit::total(connection, log.tenant(), &filter)).await?)
}
