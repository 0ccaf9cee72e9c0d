//! Error of a failed verification.

use doorward_shared::ErrorCode;

/// Reason for rejecting a parsed registration or assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationError {
    pub code: ErrorCode,
    pub reason: String,
}

impl VerificationError {
    pub(crate) fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::new(ErrorCode::CredentialMalformed, reason)
    }

    pub(super) fn attestation(reason: &'static str) -> Self {
        Self::new(ErrorCode::AttestationInvalid, reason)
    }

    /// Returns an error unless the condition holds.
    pub(super) fn ensure(condition: bool, code: ErrorCode, reason: &str) -> Result<(), Self> {
        if condition { Ok(()) } else { Err(Self::new(code, reason)) }
    }
}
