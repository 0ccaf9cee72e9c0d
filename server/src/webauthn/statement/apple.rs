//! Format `apple` (WebAuthn §8.8).

use aws_lc_rs::digest;
use x509_parser::asn1_rs::{Oid, oid};

use super::{
    members::{Registration, Statement},
    verdict::Verdict,
};
use crate::webauthn::error::VerificationError;

/// Extension with the nonce of the registration.
const NONCE: Oid<'static> = oid!(1.2.840.113635.100.8.2);
/// DER encoding of the extension before the 32 bytes of the nonce: `SEQUENCE { [1] { OCTET STRING } }`.
const BEFORE_NONCE: &[u8] = &[0x30, 0x24, 0xa1, 0x22, 0x04, 0x20];

pub(super) fn verify<'a>(
    statement: &Statement<'a>,
    registration: &Registration<'_>,
) -> Result<Verdict<'a>, VerificationError> {
    let certificate = statement.leaf()?;
    let nonce = digest::digest(&digest::SHA256, &registration.signed_bytes());
    let extension = certificate.extension(&NONCE)?;
    let matches = |value: &[u8]| value.strip_prefix(BEFORE_NONCE).is_some_and(|found| found == nonce.as_ref());
    if !extension.is_some_and(|extension| matches(extension.value)) {
        return Err(VerificationError::statement("the attestation certificate is for another registration"));
    }
    certificate.check_key(registration.key)?;
    Ok(statement.certified())
}
