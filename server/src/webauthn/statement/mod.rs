//! Verification of attestation statements (WebAuthn §6.5.4, §8).
//!
//! A verified statement proves that the key of its first certificate, or of the credential, signed the registration.
//! Whether the issuer of this certificate can be trusted is not judged here.

use doorward_shared::ErrorCode;

use super::{auth_data::AttestedCredential, cbor::Reader, cose::PublicKey, error::VerificationError};

mod android_key;
mod apple;
mod certificate;
mod fido_u2f;
mod packed;
mod tpm;

/// An empty CBOR map, the statement of format `none`.
pub(super) const EMPTY_MAP: &[u8] = &[0xa0];

/// The registration that a statement is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registration<'a> {
    /// Authenticator data as it was sent.
    pub(super) auth_data: &'a [u8],
    pub(super) rp_id_hash: &'a [u8],
    pub(super) client_data_hash: &'a [u8],
    pub(super) credential: &'a AttestedCredential,
    /// The parsed key of `credential`.
    pub(super) key: &'a PublicKey,
}

impl Registration<'_> {
    /// Returns the bytes that most formats sign: the authenticator data and the hash of the client data.
    fn signed_bytes(&self) -> Vec<u8> {
        [self.auth_data, self.client_data_hash].concat()
    }
}

/// Members of a statement. All formats share their names.
#[derive(Debug, Default)]
pub(super) struct Statement<'a> {
    pub(super) algorithm: Option<i64>,
    signature: Option<&'a [u8]>,
    /// The member `x5c` is present, even if it is malformed.
    names_certificates: bool,
    /// The certificates of `x5c`, leaf first. Empty if `x5c` is missing or malformed.
    certificates: Vec<&'a [u8]>,
    ecdaa: bool,
    version: Option<&'a str>,
    certified_info: Option<&'a [u8]>,
    public_area: Option<&'a [u8]>,
}

impl<'a> Statement<'a> {
    pub(super) fn parse(encoded: &'a [u8]) -> Option<Self> {
        let mut members = Self::default();
        let mut reader = Reader::new(encoded);
        for _ in 0..reader.map()? {
            let name = reader.text()?;
            let mut value = Reader::new(reader.encoded_item()?);
            match name {
                "alg" => members.algorithm = value.integer(),
                "sig" => members.signature = value.bytes(),
                "ecdaaKeyId" => members.ecdaa = true,
                "x5c" => {
                    members.names_certificates = true;
                    members.certificates = certificates(&mut value).unwrap_or_default();
                }
                "ver" => members.version = value.text(),
                "certInfo" => members.certified_info = value.bytes(),
                "pubArea" => members.public_area = value.bytes(),
                _ => {}
            }
        }
        Some(members)
    }

    pub(super) fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    fn signature(&self) -> Result<&'a [u8], VerificationError> {
        self.signature.ok_or_else(|| invalid("the attestation statement has no signature"))
    }

    fn algorithm(&self) -> Result<i64, VerificationError> {
        self.algorithm.ok_or_else(|| invalid("the attestation statement has no algorithm"))
    }

    fn leaf(&self) -> Result<certificate::Certificate<'a>, VerificationError> {
        let leaf = self.certificates.first();
        certificate::Certificate::parse(leaf.ok_or_else(|| invalid("the attestation statement has no certificate"))?)
    }
}

fn certificates<'a>(value: &mut Reader<'a>) -> Option<Vec<&'a [u8]>> {
    let count = value.array()?;
    // Every item has at least one byte, so a huge count ends at the end of the input.
    (0..count).map(|_| value.bytes()).collect()
}

fn invalid(reason: &'static str) -> VerificationError {
    VerificationError::new(ErrorCode::AttestationInvalid, reason)
}

/// Verifies a statement. Returns `false` if Doorward cannot verify it: its format is unknown or obsolete, or it states
/// too little. Such a statement is accepted, because a rejection locks out the owner of the authenticator without a
/// security benefit: an attacker can always send the format `none`.
///
/// # Errors
/// `AttestationInvalid` if the statement contradicts the registration, or its signature is wrong.
pub(super) fn verify(format: &str, encoded: &[u8], registration: &Registration<'_>) -> Result<bool, VerificationError> {
    if format == "none" {
        let reason = "attestation format none must have an empty statement";
        VerificationError::ensure(encoded == EMPTY_MAP, ErrorCode::AttestationInvalid, reason)?;
        return Ok(false);
    }
    let parsed = || Statement::parse(encoded).ok_or_else(|| invalid("the attestation statement is not a CBOR map"));
    match format {
        "packed" => packed::verify(&parsed()?, registration),
        "fido-u2f" => fido_u2f::verify(&parsed()?, registration).map(|()| true),
        "apple" => apple::verify(&parsed()?, registration).map(|()| true),
        "android-key" => android_key::verify(&parsed()?, registration),
        "tpm" => tpm::verify(&parsed()?, registration),
        _ => Ok(false),
    }
}
