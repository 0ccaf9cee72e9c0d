//! The error type of this crate.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// A browser would not accept the options.
    #[error("invalid options: {0}")]
    Options(String),
    /// The RP ID is neither the host of the origin nor a parent domain of it (`SecurityError`).
    #[error("the RP ID {rp_id} is not valid for the origin {origin}")]
    RpId { rp_id: String, origin: String },
    /// The authenticator already has a credential that `excludeCredentials` lists (`InvalidStateError`).
    #[error("the authenticator is already registered")]
    Excluded,
    /// `pubKeyCredParams` does not contain the algorithm of the authenticator (`NotSupportedError`).
    #[error("the authenticator does not support the requested algorithms")]
    Algorithm,
    /// The authenticator does not support a required feature (`NotAllowedError`).
    #[error("the authenticator does not support {0}")]
    Unable(&'static str),
    /// The authenticator has no matching credential (`NotAllowedError`).
    #[error("the authenticator has no credential for this request")]
    NoCredential,
    /// The cryptographic library rejected a key or an operation.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    #[error("invalid exported authenticator: {0}")]
    Import(String),
}
