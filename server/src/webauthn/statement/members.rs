//! Parsed statements, and the registrations that they are about.

use super::{certificate::Certificate, verdict::Verdict};
use crate::webauthn::{auth_data::AttestedCredential, cbor::Reader, cose::PublicKey, error::VerificationError};

/// The registration that a statement is about.
#[derive(Debug, Clone, Copy)]
pub(in crate::webauthn) struct Registration<'a> {
    /// Authenticator data as it was sent.
    pub(in crate::webauthn) auth_data: &'a [u8],
    pub(in crate::webauthn) rp_id_hash: &'a [u8],
    pub(in crate::webauthn) client_data_hash: &'a [u8],
    pub(in crate::webauthn) credential: &'a AttestedCredential,
    /// The parsed key of `credential`.
    pub(in crate::webauthn) key: &'a PublicKey,
}

impl Registration<'_> {
    /// Returns the bytes that are signed in most formats: the authenticator data and the hash of the client data.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        [self.auth_data, self.client_data_hash].concat()
    }
}

/// Members of a statement. They have the same names in all formats.
#[derive(Debug, Default)]
pub(in crate::webauthn) struct Statement<'a> {
    pub(in crate::webauthn) algorithm: Option<i64>,
    signature: Option<&'a [u8]>,
    /// Whether the member `x5c` is present, even if it is malformed.
    pub(super) names_certificates: bool,
    /// The certificates of `x5c`, leaf first. Empty if `x5c` is missing or malformed.
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) ecdaa: bool,
    pub(super) version: Option<&'a str>,
    pub(super) certified_info: Option<&'a [u8]>,
    pub(super) public_area: Option<&'a [u8]>,
}

impl<'a> Statement<'a> {
    pub(in crate::webauthn) fn parse(encoded: &'a [u8]) -> Option<Self> {
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

    pub(in crate::webauthn) fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    /// Returns the verdict on a statement that the key of its first certificate has signed.
    pub(super) fn certified(&self) -> Verdict<'a> {
        Verdict::Certified(self.certificates.clone())
    }

    pub(super) fn signature(&self) -> Result<&'a [u8], VerificationError> {
        self.signature.ok_or_else(|| VerificationError::statement("the attestation statement has no signature"))
    }

    pub(super) fn algorithm(&self) -> Result<i64, VerificationError> {
        self.algorithm.ok_or_else(|| VerificationError::statement("the attestation statement has no algorithm"))
    }

    pub(super) fn leaf(&self) -> Result<Certificate<'a>, VerificationError> {
        let leaf = self.certificates.first();
        Certificate::parse(
            leaf.ok_or_else(|| VerificationError::statement("the attestation statement has no certificate"))?,
        )
    }
}

fn certificates<'a>(value: &mut Reader<'a>) -> Option<Vec<&'a [u8]>> {
    let count = value.array()?;
    // Every item has at least one byte, so even with a huge count, reading stops at the end of the input.
    (0..count).map(|_| value.bytes()).collect()
}
