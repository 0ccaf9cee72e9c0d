//! Reasons why metadata is not accepted.

use crate::webauthn::certificate_path::PathError;

/// Maximum size of a BLOB in bytes. The BLOB that the FIDO Alliance publishes has 12 MB.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// DNS name that the signer's certificate must contain if the default root certificates are used.
pub(super) const SIGNER: &str = "mds.fidoalliance.org";

/// Reason why a BLOB or a file with root certificates is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    #[error("the file is larger than {MAX_BYTES} bytes")]
    Size,
    #[error("the file is not a signed metadata BLOB: {0}")]
    Form(&'static str),
    #[error("the BLOB is signed with the algorithm {0:?}, which is not supported")]
    Algorithm(String),
    #[error("the signer of the BLOB is not trusted: {0}")]
    Signer(PathError),
    #[error("the certificate of the BLOB's signer is not for {SIGNER}")]
    SignerName,
    #[error("a certificate of the BLOB's signer is not for servers, or only for some names")]
    SignerPurpose,
    #[error("the signature of the BLOB is not valid")]
    Signature,
    #[error("the content of the BLOB is not valid: {0}")]
    Content(String),
    #[error("the file with the root certificate contains no valid certificate (PEM or DER)")]
    Root,
}
