//! How operations leave their audit rows.

use std::sync::Arc;

use doorward_shared::{AuditId, AuditType, ErrorCode, TenantId, Timestamp};

use super::{Refusal, RequestContext, ServiceError};
use crate::{
    app::App,
    clock::{self, IdSequence},
    db::{Connection, DbError},
    domain::{AuditEvent, RequestMeta, audit::AuditError},
    store::audit,
};

/// An event on its way into a log. It gets its place among the others when it is written: whoever reads on from the
/// newest entry misses none that was begun earlier and written later.
#[derive(Debug, Clone)]
pub struct Entry {
    event: AuditEvent,
    ids: Arc<IdSequence>,
}

/// A new event of a tenant's log, with neither error nor actor yet.
///
/// # Errors
/// When there is no randomness for its id.
pub fn event(
    app: &App,
    tenant_id: TenantId,
    meta: &RequestMeta,
    kind: AuditType,
    at: Timestamp,
) -> Result<Entry, ServiceError> {
    app.key_usage.tenant_active(tenant_id, at);
    let event = AuditEvent {
        id: AuditId::new(clock::new_uuid(at, app.entropy.as_ref())?),
        tenant_id,
        kind,
        error: None,
        meta: meta.clone(),
        actor: None,
        credential_id: None,
        transaction_id: None,
        detail: None,
        at,
    };
    Ok(Entry { event, ids: Arc::clone(&app.ids) })
}

impl Entry {
    /// The same event, about this user (the tenant's own id), or by this administrator.
    #[must_use]
    pub fn by(mut self, actor: impl Into<Option<String>>) -> Self {
        self.event.actor = actor.into();
        self
    }

    /// The same event, about this credential.
    #[must_use]
    pub fn credential(mut self, id: impl ToString) -> Self {
        self.event.credential_id = Some(id.to_string());
        self
    }

    /// The same event, about this transaction (the tenant's own id).
    #[must_use]
    pub fn transaction(mut self, id: impl Into<Option<String>>) -> Self {
        self.event.transaction_id = id.into();
        self
    }

    /// The same event, with what changed.
    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.event.detail = Some(detail);
        self
    }

    /// The same event, with the reason of a refusal.
    #[must_use]
    pub fn error(mut self, code: ErrorCode, reason: impl Into<String>) -> Self {
        self.event.error = Some(AuditError { code: code.as_str(), reason: reason.into() });
        self
    }

    /// The same event, as a refusal: of the failing type, with its reason.
    #[must_use]
    pub fn refused(mut self, kind: AuditType, refusal: &Refusal) -> Self {
        self.event.kind = kind;
        self.error(refusal.code(), refusal.reason())
    }

    /// Writes the event as part of the unit of work at hand.
    ///
    /// # Errors
    /// As the database has them.
    pub fn write(mut self, connection: &mut Connection) -> Result<(), DbError> {
        let (id, at) = self.ids.stamp(self.event.id.uuid(), self.event.at);
        // The time goes with the place: logs are read on by time first.
        (self.event.id, self.event.at) = (AuditId::new(id), at);
        audit::insert(connection, &self.event)
    }
}

/// Writes a row about a refusal outside of the ceremonies, as its own unit of work.
///
/// # Errors
/// As the database has them.
pub async fn reject(call: &RequestContext, kind: AuditType, code: ErrorCode, reason: &str) -> Result<(), ServiceError> {
    let event = event(&call.app, call.tenant.id(), &call.meta, kind, call.app.clock.now())?.error(code, reason);
    call.app.db.write(move |connection| event.write(connection)).await?;
    Ok(())
}

/// Writes the event of a refusal as its own unit of work, and answers the refusal.
///
/// A database that cannot take the row wins over the refusal: nothing is refused without a trace.
pub async fn refuse(call: &RequestContext, event: Entry, kind: AuditType, refusal: Refusal) -> ServiceError {
    let event = event.refused(kind, &refusal);
    match call.app.db.write(move |connection| event.write(connection)).await {
        Ok(()) => refusal.into(),
        Err(error) => error.into(),
    }
}
