//! Verification of attestation statements (WebAuthn §6.5.4, §8).
//!
//! A verified statement proves that the key of its first certificate, or of the credential, signed the registration.
//! Whether the issuer of this certificate can be trusted is not judged here.

use super::error::VerificationError;

mod android_key;
mod apple;
mod certificate;
mod fido_u2f;
mod members;
mod packed;
mod tpm;

pub(super) use members::{Registration, Statement};

/// An empty CBOR map, the statement of format `none`.
pub(super) const EMPTY_MAP: &[u8] = &[0xa0];

/// Verifies a statement. Returns `false` if Doorward cannot verify it: its format is unknown or obsolete, or it states
/// too little. Such a statement is accepted, because a rejection locks out the owner of the authenticator without a
/// security benefit: an attacker can always send the format `none`.
///
/// # Errors
/// `AttestationInvalid` if the statement contradicts the registration, or its signature is wrong.
pub(super) fn verify(format: &str, encoded: &[u8], registration: &Registration<'_>) -> Result<bool, VerificationError> {
    if format == "none" {
        let reason = "attestation format none must have an empty statement";
        return if encoded == EMPTY_MAP { Ok(false) } else { Err(VerificationError::statement(reason)) };
    }
    let parsed = || {
        Statement::parse(encoded)
            .ok_or_else(|| VerificationError::statement("the attestation statement is not a CBOR map"))
    };
    match format {
        "packed" => packed::verify(&parsed()?, registration),
        "fido-u2f" => fido_u2f::verify(&parsed()?, registration).map(|()| true),
        "apple" => apple::verify(&parsed()?, registration).map(|()| true),
        "android-key" => android_key::verify(&parsed()?, registration),
        "tpm" => tpm::verify(&parsed()?, registration),
        _ => Ok(false),
    }
}
