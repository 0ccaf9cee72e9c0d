//! Verification of attestation statements (WebAuthn §6.5.4, §8).
//!
//! A verified statement proves which key signed the registration: the key of the statement's first certificate, or the
//! credential's own key. [`super::trust`] judges whether a known manufacturer issued this certificate.

use super::error::VerificationError;

mod android_key;
mod apple;
mod certificate;
mod fido_u2f;
mod members;
mod packed;
mod tpm;
mod verdict;

pub(super) use certificate::Certificate;
pub(super) use members::{Registration, Statement};
pub(super) use verdict::Verdict;

/// An empty CBOR map, the statement of format `none`.
pub(super) const EMPTY_MAP: &[u8] = &[0xa0];

/// Verifies a statement.
///
/// # Errors
/// `AttestationInvalid` if the statement is malformed, contradicts the registration, or has a wrong signature.
pub(super) fn verify<'a>(
    format: &str,
    encoded: &'a [u8],
    registration: &Registration<'_>,
) -> Result<Verdict<'a>, VerificationError> {
    if format == "none" {
        let reason = "attestation format none must have an empty statement";
        return if encoded == EMPTY_MAP { Ok(Verdict::Unverified) } else { Err(VerificationError::statement(reason)) };
    }
    let parsed = || {
        Statement::parse(encoded)
            .ok_or_else(|| VerificationError::statement("the attestation statement is not a CBOR map"))
    };
    let verify = match format {
        "packed" => packed::verify,
        "fido-u2f" => fido_u2f::verify,
        "apple" => apple::verify,
        "android-key" => android_key::verify,
        "tpm" => tpm::verify,
        _ => return Ok(Verdict::Unverified),
    };
    verify(&parsed()?, registration)
}
