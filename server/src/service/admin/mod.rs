//! What administrators do, through the admin API or on the command line: every change with its audit row, in one unit
//! of work that all processes notice.

pub mod admin_tokens;
pub mod api_keys;
pub mod overview;
pub mod signing_keys;
pub mod tenants;
pub mod transactions;
pub mod users;

use std::sync::Arc;

use doorward_shared::{AuditType, TenantId, Timestamp};

use super::{Refusal, ServiceError, audit};
use crate::{
    app::App,
    db::{Connection, DbError},
    domain::{RequestMeta, Tenant},
    store::tenants as table,
};

/// An administrator's request.
#[derive(Debug, Clone)]
pub struct AdminCall {
    /// The installation.
    pub app: Arc<App>,
    /// Who asks: the admin token's name, or the command line.
    pub actor: String,
    /// Where the request came from.
    pub meta: RequestMeta,
}

impl AdminCall {
    /// A new event of a tenant's log, or of the installation's, by this administrator.
    fn event(&self, tenant: TenantId, kind: AuditType, now: Timestamp) -> Result<audit::Entry, ServiceError> {
        Ok(audit::event(&self.app, tenant, &self.meta, kind, now)?.by(self.actor.clone()))
    }

    /// Changes something that requests remember: every process sees it before its next request.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Connection) -> Result<Result<T, Refusal>, DbError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        // A refusal inside the unit of work has changed nothing; its commit is empty.
        self.app.db.write_and_invalidate(change).await?.map_err(ServiceError::from)
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        Ok(self.app.db.read(read).await?)
    }
}

/// The tenant, or the refusal that there is none.
fn existing(connection: &mut Connection, id: TenantId) -> Result<Result<Tenant, Refusal>, DbError> {
    Ok(table::find(connection, id)?.ok_or(Refusal::TenantNotFound))
}

/// The same for a change that depends on what it reads: other changes of the tenant, on whatever node, wait for its end.
fn locked(connection: &mut Connection, id: TenantId) -> Result<Result<Tenant, Refusal>, DbError> {
    table::lock(connection, id)?;
    existing(connection, id)
}

/// Lets go of a refusal inside a unit of work: `let tenant = granted!(existing(connection, id)?);`
macro_rules! granted {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
use granted;
