//! The one error type of this crate.

/// Why a client or an authenticator gave no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The options are not what a browser would understand.
    #[error("the options are not usable: {0}")]
    Options(String),
    /// The RP ID is neither the origin's host nor a suffix of it (`SecurityError`).
    #[error("RP ID {rp_id} does not belong to origin {origin}")]
    RpId {
        /// What the options ask for.
        rp_id: String,
        /// Where the client is.
        origin: String,
    },
    /// The authenticator holds a credential of `excludeCredentials` (`InvalidStateError`).
    #[error("the authenticator is registered already")]
    Excluded,
    /// None of `pubKeyCredParams` is the authenticator's algorithm (`NotSupportedError`).
    #[error("the authenticator has none of the algorithms asked for")]
    Algorithm,
    /// The options require what the authenticator cannot do (`NotAllowedError`).
    #[error("the authenticator lacks {0}")]
    Unable(&'static str),
    /// The authenticator has no credential that fits (`NotAllowedError`).
    #[error("the authenticator has no credential for this request")]
    NoCredential,
    /// The cryptographic library refused a key or an operation.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    /// An exported authenticator cannot be read.
    #[error("not an exported authenticator: {0}")]
    Import(String),
}
