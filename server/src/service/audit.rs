//! Writes audit entries.

use doorward_shared::{AuditId, AuditType, ErrorCode, TenantId, Timestamp};

use super::{Refusal, RequestContext, ServiceError};
use crate::{
    app::App,
    clock,
    db::{Connection, DbError},
    domain::{AuditEvent, RequestMeta, audit::AuditError},
    store::audit,
};

/// An audit entry that is not written yet.
#[derive(Debug, Clone)]
pub struct Entry(AuditEvent);

/// Creates an entry for a tenant's log, without error and actor.
pub fn event(
    app: &App,
    tenant_id: TenantId,
    meta: &RequestMeta,
    kind: AuditType,
    at: Timestamp,
) -> Result<Entry, ServiceError> {
    app.key_usage.tenant_active(tenant_id, at);
    app.metrics.audit_entries_written.increment(1);
    Ok(Entry(AuditEvent {
        random: u64::from_ne_bytes(clock::random(app.entropy.as_ref())?),
        tenant_id,
        kind,
        error: None,
        meta: meta.clone(),
        actor: None,
        credential_id: None,
        transaction_id: None,
        detail: None,
        at,
    }))
}

impl Entry {
    /// Sets the actor: the user (the tenant's own id) or the administrator.
    #[must_use]
    pub fn by(mut self, actor: impl Into<Option<String>>) -> Self {
        self.0.actor = actor.into();
        self
    }

    #[must_use]
    pub fn credential(mut self, id: impl ToString) -> Self {
        self.0.credential_id = Some(id.to_string());
        self
    }

    /// Sets the transaction (the tenant's own id).
    #[must_use]
    pub fn transaction(mut self, id: impl Into<Option<String>>) -> Self {
        self.0.transaction_id = id.into();
        self
    }

    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.0.detail = Some(detail);
        self
    }

    #[must_use]
    pub fn error(mut self, code: ErrorCode, reason: impl Into<String>) -> Self {
        self.0.error = Some(AuditError { code: code.as_str(), reason: reason.into() });
        self
    }

    /// Turns the entry into that of a refusal, with the type and the reason of the failure.
    #[must_use]
    pub fn refused(mut self, kind: AuditType, refusal: &Refusal) -> Self {
        self.0.kind = kind;
        self.error(refusal.code(), refusal.reason())
    }

    /// Writes the entry in the current transaction.
    pub fn write(self, connection: &mut Connection) -> Result<(), DbError> {
        self.write_with_id(connection).map(drop)
    }

    /// Like [`Entry::write`], and returns the entry's id.
    pub fn write_with_id(self, connection: &mut Connection) -> Result<AuditId, DbError> {
        audit::insert(connection, &self.0)
    }
}

/// Writes the entry of a refusal that concerns no ceremony, in its own transaction.
pub async fn reject(
    context: &RequestContext,
    kind: AuditType,
    code: ErrorCode,
    reason: &str,
) -> Result<(), ServiceError> {
    let event =
        event(&context.app, context.tenant.id(), &context.meta, kind, context.app.clock.now())?.error(code, reason);
    context.app.db.write(move |connection| event.write(connection)).await?;
    Ok(())
}

/// Writes the entry of a refusal in its own transaction and returns the refusal as an error.
///
/// Returns the error of the database if the entry cannot be written, because every refusal must leave an entry.
pub async fn refuse(context: &RequestContext, event: Entry, kind: AuditType, refusal: Refusal) -> ServiceError {
    let event = event.refused(kind, &refusal);
    match context.app.db.write(move |connection| event.write(connection)).await {
        Ok(()) => refusal.into(),
        Err(error) => error.into(),
    }
}
