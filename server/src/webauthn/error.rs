//! Error of a failed verification.

use doorward_shared::{
    ErrorCode,
    refusal::{Check, RefusalDetail},
};

/// Reason for rejecting a parsed registration or assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationError {
    pub code: ErrorCode,
    pub reason: String,
    /// The failed check with the values that it compared, for the audit entry.
    pub detail: Box<RefusalDetail>,
}

impl VerificationError {
    pub(crate) fn new(code: ErrorCode, reason: impl Into<String>, detail: RefusalDetail) -> Self {
        Self { code, reason: reason.into(), detail: Box::new(detail) }
    }

    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let detail = RefusalDetail::new(Check::CredentialForm).received(&reason);
        Self::new(ErrorCode::CredentialMalformed, reason, detail)
    }

    /// Returns the error for an invalid attestation statement.
    pub(super) fn statement(reason: &str) -> Self {
        let detail = RefusalDetail::new(Check::AttestationStatement).expected(["a valid statement, or format none"]);
        Self::new(ErrorCode::AttestationInvalid, reason, detail)
    }

    /// Adds the format of the attestation statement to the detail for the audit entry.
    pub(super) fn of_format(mut self, format: &str) -> Self {
        self.detail.received = Some(format!("format {format}"));
        self
    }

    /// Returns an error if the condition is false.
    pub(super) fn ensure(
        condition: bool,
        code: ErrorCode,
        reason: &str,
        detail: impl FnOnce() -> RefusalDetail,
    ) -> Result<(), Self> {
        if condition { Ok(()) } else { Err(Self::new(code, reason, detail())) }
    }
}
