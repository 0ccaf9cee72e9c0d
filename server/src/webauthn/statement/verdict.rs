//! Result of the verification of a statement.

/// Result of the verification of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::webauthn) enum Verdict<'a> {
    /// Doorward cannot verify the statement: its format is unknown or obsolete, or it states too little. The
    /// registration is still accepted. A rejection would lock out the owner of the authenticator without a security
    /// benefit, because an attacker can always send the format `none`.
    Unverified,
    /// The credential's own key signed the statement.
    SelfSigned,
    /// The key of the first certificate signed the statement. This does not mean that the issuer of the certificate is
    /// trusted. Contains the certificates, leaf first.
    Certified(Vec<&'a [u8]>),
}
