//! Why a response is refused.

use doorward_shared::ErrorCode;

/// Why a response that could be read is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationError {
    /// For a program.
    pub code: ErrorCode,
    /// For a person.
    pub reason: String,
}

impl VerificationError {
    pub(crate) fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::new(ErrorCode::CredentialMalformed, reason)
    }
}
