//! Result of a verification.

/// What the verification of a statement found.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::webauthn) enum Verdict<'a> {
    /// Doorward cannot verify the statement: its format is unknown or obsolete, or it states too little. It is accepted,
    /// because a rejection locks out the owner of the authenticator without a security benefit: an attacker can always
    /// send the format `none`.
    Unverified,
    /// The credential's own key signed the statement.
    SelfSigned,
    /// The key of the first certificate signed the statement. Whether its issuer is trusted is not judged.
    Certified(Vec<&'a [u8]>),
}
