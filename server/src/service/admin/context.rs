//! Context of every admin operation: the application, the administrator and the request's metadata.

use std::{collections::BTreeSet, sync::Arc};

use doorward_shared::{AuditType, TenantId, Timestamp};

use super::super::{
    Refusal, ServiceError, audit,
    audited::{self, Audited},
};
use crate::{
    app::App,
    db::{Connection, DbError},
    domain::{RequestMeta, Tenant},
    store::tenants,
};

#[derive(Debug, Clone)]
pub struct AdminContext {
    pub app: Arc<App>,
    /// Actor for the audit log: the name of the admin token; for commands and jobs, a name that begins with `cli:` or
    /// `job:`.
    pub actor: String,
    /// Request id, client address and user agent.
    pub meta: RequestMeta,
    /// The tenants that the administrator may use; `None` for all tenants and the installation.
    pub scope: Option<Arc<BTreeSet<TenantId>>>,
}

impl AdminContext {
    /// Creates an audit entry for a tenant's or the installation's log, with this administrator as its actor.
    pub(super) fn event(
        &self,
        tenant: TenantId,
        kind: AuditType,
        now: Timestamp,
    ) -> Result<audit::Entry, ServiceError> {
        Ok(audit::event(&self.app, tenant, &self.meta, kind, now)?.by(self.actor.clone()))
    }

    /// Executes a unit of work that changes cached data and writes audit entries. After its commit, every process reads
    /// the data again at its next request. A refusal rolls back the change.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl Fn(&mut Connection) -> Result<Audited<T>, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let written = self.app.db.write_and_invalidate_with_outcome(change).await?;
        Ok(audited::confirm(&self.app, &self.meta.request_id, written).await?)
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&mut Connection) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        self.app.db.read(read).await
    }
}

pub(super) fn find_tenant(connection: &mut Connection, id: TenantId) -> Result<Tenant, ServiceError> {
    Ok(tenants::find(connection, id)?.ok_or(Refusal::TenantNotFound)?)
}

/// Returns the tenant and locks it against concurrent changes on any node until the end of the unit of work. Used by
/// changes that depend on data they have read.
pub(super) fn lock_tenant(connection: &mut Connection, id: TenantId) -> Result<Tenant, ServiceError> {
    tenants::lock(connection, id)?;
    find_tenant(connection, id)
}

/// Returns the result. If it is a violation of a unique key, returns `refusal` instead.
pub(super) fn unless_duplicate(
    result: Result<(), DbError>,
    refusal: impl FnOnce() -> Refusal,
) -> Result<(), ServiceError> {
    match result {
        Err(DbError::Duplicate { .. }) => Err(refusal().into()),
        other => Ok(other?),
    }
}
