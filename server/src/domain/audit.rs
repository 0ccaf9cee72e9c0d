//! Audit events as they are written and asked for.

use doorward_shared::{AuditId, AuditType, TenantId, Timestamp, audit::AuditOutcome};

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestMeta {
    /// Its id, as in the `X-Request-Id` header of the answer.
    pub request_id: String,
    /// The client's address.
    pub source_ip: String,
    /// The client's `User-Agent`, cut to 512 characters.
    pub user_agent: String,
}

/// An event to be written: one row, never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditId,
    /// Whose log it stands in; [`TenantId::INSTALLATION`] for what concerns no tenant.
    pub tenant_id: TenantId,
    /// What happened.
    pub kind: AuditType,
    /// Why it was refused: for a program and for a person.
    pub error: Option<AuditError>,
    /// The request that caused it.
    pub meta: RequestMeta,
    /// The user (the tenant's own id), or the admin token's name.
    pub actor: Option<String>,
    /// The credential it concerns, base64url.
    pub credential_id: Option<String>,
    /// The caller's transaction id.
    pub transaction_id: Option<String>,
    /// What changed, before and after.
    pub detail: Option<serde_json::Value>,
    /// When.
    pub at: Timestamp,
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditError {
    /// For a program: an `ErrorCode`'s word.
    pub code: &'static str,
    /// For a person.
    pub reason: String,
}

/// Which entries of a log are asked for. All conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Not before.
    pub start: Option<Timestamp>,
    /// Before (exclusive).
    pub end: Option<Timestamp>,
    /// Any of these types; every type when empty.
    pub kinds: Vec<AuditType>,
    /// Only what was done, or only what was refused.
    pub outcome: Option<AuditOutcome>,
    /// Part of the actor.
    pub actor: Option<String>,
    /// Part of the source address.
    pub source_ip: Option<String>,
    /// Part of the actor or of the source address.
    pub text: Option<String>,
}

impl AuditFilter {
    /// Whether it looks for a part of a text.
    #[must_use]
    pub const fn looks_into_texts(&self) -> bool {
        self.actor.is_some() || self.source_ip.is_some() || self.text.is_some()
    }

    /// Whether nothing but refusals fits.
    #[must_use]
    pub fn wants_only_refusals(&self) -> bool {
        self.fitting_kinds().is_some_and(|kinds| kinds.iter().all(|kind| kind.is_failure()))
    }

    /// The types that fit; `None` when every type does.
    #[must_use]
    pub fn fitting_kinds(&self) -> Option<Vec<AuditType>> {
        if self.kinds.is_empty() && self.outcome.is_none() {
            return None;
        }
        let named = if self.kinds.is_empty() { AuditType::ALL } else { &self.kinds };
        let ended = |kind: &AuditType| match self.outcome {
            None => true,
            Some(AuditOutcome::Succeeded) => !kind.is_failure(),
            Some(AuditOutcome::Failed) => kind.is_failure(),
        };
        Some(named.iter().copied().filter(ended).collect())
    }
}

/// A place in a log from which to go on, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditCursor {
    /// Entries newer than this one, oldest first.
    After(AuditId),
    /// Entries older than this one, newest first.
    Before(AuditId),
}
