//! Format `tpm` (WebAuthn §8.3), which Windows Hello uses. The TPM 2.0 Library, part 2, defines the structures.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use x509_parser::asn1_rs::{Oid, oid};

use super::{
    certificate::{Certificate, RS1, tpm_verification},
    members::{Registration, Statement},
    verdict::Verdict,
};
use crate::webauthn::{cose::KeyParts, error::VerificationError};

/// Extended key usage of attestation keys, `tcg-kp-AIKCertificate` (§8.3.1).
const AIK_CERTIFICATE: Oid<'static> = oid!(2.23.133.8.3);

/// `TPM_GENERATED_VALUE`: the structure was made inside a TPM.
const GENERATED: u32 = 0xff54_4347;
/// `TPM_ST_ATTEST_CERTIFY`: the structure certifies a key.
const CERTIFY: u16 = 0x8017;
/// `TPM_ALG_NULL`.
const NULL: u16 = 0x0010;
const TYPE_RSA: u16 = 0x0001;
const TYPE_ECC: u16 = 0x0023;
const DEFAULT_EXPONENT: &[u8] = &[1, 0, 1];

/// Verifies the statement. The result is `Unverified` for algorithms that Doorward does not support.
pub(super) fn verify<'a>(
    statement: &Statement<'a>,
    registration: &Registration<'_>,
) -> Result<Verdict<'a>, VerificationError> {
    if statement.version != Some("2.0") {
        return Err(VerificationError::statement(
            "the version of an attestation statement of the format tpm must be 2.0",
        ));
    }
    let (algorithm, certificate) = (statement.algorithm()?, statement.leaf()?);
    let (Some(hash), Some(algorithm)) = (hash_of(algorithm), tpm_verification(algorithm)) else {
        return Ok(Verdict::Unverified);
    };
    let (Some(info), Some(area)) = (statement.certified_info, statement.public_area) else {
        return Err(VerificationError::statement("the attestation statement has no certInfo or pubArea"));
    };
    let malformed =
        || VerificationError::statement("a structure in the attestation statement is not valid for a TPM 2.0");
    let public = PublicArea::parse(area).ok_or_else(malformed)?;
    if !public.is_key(&registration.credential.public_key) {
        return Err(VerificationError::statement("the attestation statement is for another public key"));
    }
    let info_parsed = CertifiedInfo::parse(info).ok_or_else(malformed)?;
    if info_parsed.extra_data != digest::digest(hash, &registration.signed_bytes()).as_ref() {
        return Err(VerificationError::statement("the attestation statement is for another registration"));
    }
    let Some(name_hash) = tpm_hash(public.name_algorithm) else { return Ok(Verdict::Unverified) };
    let name = [&public.name_algorithm.to_be_bytes(), digest::digest(name_hash, area).as_ref()].concat();
    if info_parsed.name != name {
        return Err(VerificationError::statement("the attestation statement certifies another key of the TPM"));
    }
    certificate.verify(algorithm, info, statement.signature()?)?;
    certificate.check_leaf()?;
    check_certificate(&certificate)?;
    certificate.check_aaguid(&registration.credential.aaguid)?;
    Ok(statement.certified())
}

/// Checks the requirements of §8.3.1: an empty subject, the TPM's description as alternative name, and the key usage.
fn check_certificate(certificate: &Certificate<'_>) -> Result<(), VerificationError> {
    let x509 = certificate.x509();
    let has_subject = x509.subject().iter_attributes().next().is_some();
    let is_named = x509.subject_alternative_name().is_ok_and(|name| name.is_some());
    let usage = x509.extended_key_usage().ok().flatten();
    let is_attestation_key = usage.is_some_and(|usage| usage.value.other.contains(&AIK_CERTIFICATE));
    if !has_subject && is_named && is_attestation_key {
        return Ok(());
    }
    Err(VerificationError::statement("the attestation certificate violates WebAuthn §8.3.1"))
}

/// Returns the hash function of a COSE signature algorithm.
fn hash_of(algorithm: i64) -> Option<&'static digest::Algorithm> {
    match algorithm {
        RS1 => Some(&SHA1_FOR_LEGACY_USE_ONLY),
        -7 | -9 | -37 | -257 => Some(&SHA256),
        -35 | -51 | -258 => Some(&SHA384),
        -36 | -52 | -259 => Some(&SHA512),
        _ => None,
    }
}

/// Returns the hash function of a `TPM_ALG_ID`.
fn tpm_hash(id: u16) -> Option<&'static digest::Algorithm> {
    match id {
        0x0004 => Some(&SHA1_FOR_LEGACY_USE_ONLY),
        0x000b => Some(&SHA256),
        0x000c => Some(&SHA384),
        0x000d => Some(&SHA512),
        _ => None,
    }
}

/// Reads big-endian structures.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Reads a `TPM2B`: a 16-bit length, followed by that number of bytes.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// Reads a signature scheme or a key derivation scheme. A hash algorithm follows each scheme except `TPM_ALG_NULL`.
    fn scheme(&mut self) -> Option<()> {
        if self.u16()? != NULL {
            self.u16()?;
        }
        Some(())
    }
}

/// `TPMT_PUBLIC`: the public part of the credential's key.
struct PublicArea<'a> {
    name_algorithm: u16,
    key: AreaKey<'a>,
}

enum AreaKey<'a> {
    Rsa { modulus: &'a [u8], exponent: u32 },
    Ecc { curve: u16, x: &'a [u8], y: &'a [u8] },
}

impl<'a> PublicArea<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let (kind, name_algorithm) = (fields.u16()?, fields.u16()?);
        let _attributes = fields.u32()?;
        let _policy = fields.sized()?;
        // Keys for signatures have no symmetric algorithm.
        if fields.u16()? != NULL {
            return None;
        }
        fields.scheme()?;
        let key = match kind {
            TYPE_RSA => {
                let _bits = fields.u16()?;
                let exponent = fields.u32()?;
                AreaKey::Rsa { exponent, modulus: fields.sized()? }
            }
            TYPE_ECC => {
                let curve = fields.u16()?;
                fields.scheme()?;
                AreaKey::Ecc { curve, x: fields.sized()?, y: fields.sized()? }
            }
            _ => return None,
        };
        fields.0.is_empty().then_some(Self { name_algorithm, key })
    }

    /// Returns whether a COSE key is the key of this public area.
    fn is_key(&self, cose: &[u8]) -> bool {
        match (&self.key, KeyParts::parse(cose)) {
            (AreaKey::Rsa { modulus, exponent }, Some(KeyParts::Rsa { n, e })) => {
                let stated = exponent.to_be_bytes();
                let exponent = if *exponent == 0 { DEFAULT_EXPONENT } else { without_zeros(&stated) };
                *modulus == n && exponent == e
            }
            (AreaKey::Ecc { curve, x, y }, Some(KeyParts::Ec { curve: stated, x: key_x, y: key_y })) => {
                // TPM_ECC_NIST_P256, P384 and P521 are 3 to 5; the COSE curves are 1 to 3. TPMs omit leading zeros.
                i64::from(*curve) == stated + 2
                    && without_zeros(x) == without_zeros(key_x)
                    && without_zeros(y) == without_zeros(key_y)
            }
            _ => false,
        }
    }
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// `TPMS_ATTEST` that certifies a key (`TPM_ST_ATTEST_CERTIFY`).
struct CertifiedInfo<'a> {
    extra_data: &'a [u8],
    name: &'a [u8],
}

impl<'a> CertifiedInfo<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        /// Length in bytes of the clock, two counters, a flag, and the firmware version.
        const CLOCK_AND_FIRMWARE: usize = 8 + 4 + 4 + 1 + 8;
        let mut fields = Fields(bytes);
        if fields.u32()? != GENERATED || fields.u16()? != CERTIFY {
            return None;
        }
        let _signer = fields.sized()?;
        let extra_data = fields.sized()?;
        fields.take(CLOCK_AND_FIRMWARE)?;
        let (name, _qualified_name) = (fields.sized()?, fields.sized()?);
        fields.0.is_empty().then_some(Self { extra_data, name })
    }
}
