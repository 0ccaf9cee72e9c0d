//! Writes audit entries.

use doorward_shared::{
    AuditId, AuditType, ErrorCode, TenantId, Timestamp,
    refusal::{AuthenticatorState, Check, RefusalDetail},
};
use serde_json::Value;

use super::{
    Refusal, RequestContext, ServiceError,
    audited::{self, Audited},
    refusal_detail::RequestData,
};
use crate::{
    app::App,
    clock,
    db::{Connection, DbError},
    domain::{AuditEvent, Ceremony, Challenge, Credential, RequestMeta, audit::AuditError},
    store::audit,
};

/// An audit entry that is not written yet.
#[derive(Debug, Clone)]
pub struct Entry {
    event: AuditEvent,
    /// Data of the request. It is written only if the request is refused.
    request: RequestData,
}

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
    let event = AuditEvent {
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
    };
    Ok(Entry { event, request: RequestData::default() })
}

impl Entry {
    /// Sets the actor: the user id of a ceremony, or the name of the admin token, command or job.
    #[must_use]
    pub fn by(mut self, actor: impl Into<Option<String>>) -> Self {
        self.event.actor = actor.into();
        self
    }

    #[must_use]
    pub fn credential(mut self, id: impl ToString) -> Self {
        self.event.credential_id = Some(id.to_string());
        self
    }

    /// Sets the application's own id of the transaction.
    #[must_use]
    pub fn transaction(mut self, id: impl Into<Option<String>>) -> Self {
        self.event.transaction_id = id.into();
        self
    }

    #[must_use]
    pub fn detail(mut self, detail: serde_json::Value) -> Self {
        self.event.detail = Some(detail);
        self
    }

    /// Adds a member to `detail`.
    #[must_use]
    pub fn add_detail(mut self, name: &str, value: serde_json::Value) -> Self {
        let detail = self.event.detail.get_or_insert_with(|| serde_json::json!({}));
        if let Some(members) = detail.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
        self
    }

    /// Sets the challenge of a finalize request. If the request is refused, `detail` describes this challenge.
    #[must_use]
    pub fn challenge(mut self, ceremony: Ceremony, stored: Option<&Challenge>) -> Self {
        self.request.set_challenge(ceremony, stored, self.event.at);
        self
    }

    /// Sets the data that the authenticator sent. If the request is refused, `detail` contains this data.
    #[must_use]
    pub const fn authenticator(mut self, state: AuthenticatorState) -> Self {
        self.request.authenticator = Some(state);
        self
    }

    /// Sets the stored credential of an assertion. If the request is refused, `detail` describes this credential.
    #[must_use]
    pub fn stored_credential(mut self, stored: Option<&Credential>) -> Self {
        self.request.set_credential(stored);
        self
    }

    /// Sets the error code, the reason and the failed check of a refusal.
    #[must_use]
    pub fn error(mut self, code: ErrorCode, reason: impl Into<String>, detail: &RefusalDetail) -> Self {
        self.event.error = Some(AuditError { code: code.as_str(), reason: reason.into() });
        self.event.detail = serde_json::to_value(detail).ok();
        self
    }

    /// Adds the error code, the reason and the failed check of the refusal that the trust policy would have caused in
    /// the mode `enforce`. The entry keeps its type, which states a success.
    #[must_use]
    pub fn monitored(mut self, refusal: &Refusal) -> Self {
        self.event.error = Some(AuditError { code: refusal.code().as_str(), reason: refusal.reason() });
        let found = serde_json::to_value(refusal.detail()).ok();
        self.event.detail = match (self.event.detail.take(), found) {
            (Some(Value::Object(mut members)), Some(Value::Object(found))) => {
                members.extend(found);
                Some(Value::Object(members))
            }
            (present, found) => present.or(found),
        };
        self
    }

    /// Turns the entry into the entry of a refusal: sets the type, the error code, the reason and the failed check.
    #[must_use]
    pub fn refused(mut self, kind: AuditType, refusal: &Refusal) -> Self {
        self.event.kind = kind;
        let mut detail = refusal.detail();
        let value = match detail.check {
            Some(Check::UserExists | Check::UserEnabled | Check::UserCredential) => self.event.actor.as_deref(),
            Some(Check::TransactionNew) => self.event.transaction_id.as_deref(),
            Some(Check::CredentialNew | Check::CredentialEnabled) => self.event.credential_id.as_deref(),
            _ => None,
        };
        if let Some(value) = value.filter(|_| detail.received.is_none()) {
            detail = detail.received(value);
        }
        let detail = std::mem::take(&mut self.request).complete(detail);
        self.error(refusal.code(), refusal.reason(), &detail)
    }

    /// Returns the event, for statements that add the entry together with other rows.
    pub const fn event(&self) -> &AuditEvent {
        &self.event
    }

    /// Writes the entry in the current transaction.
    pub fn write(&self, connection: &mut Connection) -> Result<(), DbError> {
        self.write_with_id(connection).map(drop)
    }

    /// Writes the entry in its own transaction.
    pub async fn write_alone(self, app: &App) -> Result<(), DbError> {
        let request_id = self.event.meta.request_id.clone();
        let written = app.db.write_with_outcome(move |connection| self.write_with(connection, ())).await?;
        audited::confirm(app, &request_id, written).await
    }

    /// Writes the entry of a unit of work. Returns the unit's value with the id of the entry.
    pub(super) fn write_with<T>(&self, connection: &mut Connection, value: T) -> Result<Audited<T>, DbError> {
        Ok(Audited::new(value, self.event.tenant_id, self.write_with_id(connection)?))
    }

    /// Updates the audit counts for this entry after a statement of the current transaction has inserted it. Returns
    /// the value with the entry's id.
    pub(super) fn count_with<T>(
        &self,
        connection: &mut Connection,
        id: AuditId,
        value: T,
    ) -> Result<Audited<T>, DbError> {
        audit::count(connection, &self.event, id)?;
        Ok(Audited::new(value, self.event.tenant_id, id))
    }

    /// Like [`Entry::write`], but returns the entry's id.
    pub fn write_with_id(&self, connection: &mut Connection) -> Result<AuditId, DbError> {
        audit::insert(connection, &self.event)
    }
}

/// Writes the entry of a refusal that concerns no ceremony, in its own transaction.
pub async fn reject(
    context: &RequestContext,
    kind: AuditType,
    code: ErrorCode,
    reason: &str,
    detail: &RefusalDetail,
) -> Result<(), ServiceError> {
    let event = event(&context.app, context.tenant.id(), &context.meta, kind, context.app.clock.now())?;
    Ok(event.error(code, reason, detail).write_alone(&context.app).await?)
}

/// Writes the entry of a refusal in its own transaction and returns the refusal as an error.
///
/// Returns the error of the database if the entry cannot be written, because every refusal must leave an entry.
pub async fn refuse(context: &RequestContext, event: Entry, kind: AuditType, refusal: Refusal) -> ServiceError {
    let event = event.refused(kind, &refusal);
    match audited::write(context, move |connection| event.write_with(connection, ())).await {
        Ok(()) => refusal.into(),
        Err(error) => error.into(),
    }
}
