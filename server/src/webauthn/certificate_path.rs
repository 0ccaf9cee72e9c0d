//! Certification paths (RFC 5280 §6): checks whether a trust anchor issued a certificate, directly or through other
//! certificates.
//!
//! Names only select candidate issuers; every signature is verified. Revocation lists are not consulted, because the
//! metadata reports revoked models and compromised keys.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use doorward_shared::Timestamp;
use x509_parser::{
    asn1_rs::{FromDer as _, Oid, oid},
    certificate::X509Certificate,
    extensions::{KeyUsage, ParsedExtension},
    signature_algorithm::SignatureAlgorithm,
    x509::SubjectPublicKeyInfo,
};

/// Maximum number of certificates in a path. The trust anchor counts only if the path contains it.
pub(super) const MAX_CERTIFICATES: usize = 8;
/// Maximum number of signatures that one validation verifies. Several anchors may have the issuer's name, and each of
/// these anchors is tried.
const MAX_SIGNATURES: usize = 24;

const SHA256: Oid<'static> = oid!(2.16.840.1.101.3.4.2.1);
const SHA384: Oid<'static> = oid!(2.16.840.1.101.3.4.2.2);
const SHA512: Oid<'static> = oid!(2.16.840.1.101.3.4.2.3);

const KEY_USAGE: Oid<'static> = oid!(2.5.29.15);
const BASIC_CONSTRAINTS: Oid<'static> = oid!(2.5.29.19);

/// Extensions that may be critical: key usage, basic constraints, alternative name, policies, and extended key usage.
/// A path with another critical extension, such as name constraints, is not valid.
const ALLOWED_CRITICAL: [Oid<'static>; 5] =
    [KEY_USAGE, BASIC_CONSTRAINTS, oid!(2.5.29.17), oid!(2.5.29.32), oid!(2.5.29.37)];

/// Reason why a path is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("there is no certificate, or there are more than {MAX_CERTIFICATES}")]
    Length,
    #[error("a certificate cannot be parsed")]
    Malformed,
    #[error("a certificate is not yet valid or has expired")]
    NotValidNow,
    #[error("a certificate has a critical extension that is not supported")]
    CriticalExtension,
    #[error("a certificate of an issuer may not issue certificates")]
    NotAnIssuer,
    #[error("a certificate was not signed by the next one, or with an algorithm that is not supported")]
    Broken,
    #[error("no accepted root certificate issued the last certificate")]
    UnknownIssuer,
}

/// Checks that a path ends at one of the trust anchors. `path` begins with the leaf; each certificate is followed by
/// the certificate of its issuer. All bytes are DER.
///
/// The path ends at the first certificate that equals an anchor or was issued by an anchor. The leaf, and each
/// certificate between it and the anchor, must be valid at `at`. An anchor above the leaf must be allowed to issue
/// certificates; its signature and its validity period are not checked.
pub(super) fn validate<A: AsRef<[u8]>>(path: &[&[u8]], anchors: &[A], at: Timestamp) -> Result<(), PathError> {
    if path.is_empty() || path.len() > MAX_CERTIFICATES {
        return Err(PathError::Length);
    }
    let certificates = path.iter().map(|der| parse(der)).collect::<Result<Vec<_>, _>>()?;
    let anchors: Vec<_> = anchors.iter().filter_map(|der| parse(der.as_ref()).ok()).collect();
    let mut signatures = MAX_SIGNATURES;
    for (index, certificate) in certificates.iter().enumerate() {
        let is_anchor = anchors.iter().any(|anchor| anchor.as_raw() == certificate.as_raw());
        if index > 0 && !may_issue(certificate, index - 1, is_anchor) {
            return Err(PathError::NotAnIssuer);
        }
        if index == 0 || !is_anchor {
            check(certificate, at)?;
        }
        if is_anchor {
            return Ok(());
        }
        let mut issued_by = |issuer: &X509Certificate<'_>| {
            if issuer.subject().as_raw() != certificate.issuer().as_raw() || signatures == 0 {
                return false;
            }
            signatures -= 1;
            has_signed(issuer.public_key(), certificate)
        };
        if anchors.iter().any(|anchor| may_issue(anchor, index, true) && issued_by(anchor)) {
            return Ok(());
        }
        let next = certificates.get(index + 1).ok_or(PathError::UnknownIssuer)?;
        if !issued_by(next) {
            return Err(PathError::Broken);
        }
    }
    Err(PathError::UnknownIssuer)
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, PathError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(PathError::Malformed),
    }
}

fn check(certificate: &X509Certificate<'_>, at: Timestamp) -> Result<(), PathError> {
    let validity = certificate.validity();
    if !(validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&at.seconds()) {
        return Err(PathError::NotValidNow);
    }
    let is_allowed = |oid: &Oid<'_>| ALLOWED_CRITICAL.contains(oid);
    if certificate.iter_extensions().any(|extension| extension.critical && !is_allowed(&extension.oid)) {
        return Err(PathError::CriticalExtension);
    }
    Ok(())
}

/// Returns whether a certificate may issue certificates, with `below` intermediate certificates between it and the
/// leaf. Old trust anchors without basic constraints may issue certificates. If the basic constraints of an anchor say
/// that it is not an authority, the anchor is the certificate of an authenticator and may not issue certificates.
fn may_issue(certificate: &X509Certificate<'_>, below: usize, is_anchor: bool) -> bool {
    let constraints = extension(certificate, &BASIC_CONSTRAINTS, |parsed| match parsed {
        ParsedExtension::BasicConstraints(constraints) => Some(constraints),
        _ => None,
    });
    let usage = extension(certificate, &KEY_USAGE, |parsed| match parsed {
        ParsedExtension::KeyUsage(usage) => Some(usage),
        _ => None,
    });
    let (Ok(constraints), Ok(usage)) = (constraints, usage) else { return false };
    constraints.map_or(is_anchor, |it| it.ca && allows(it.path_len_constraint, below))
        && usage.is_none_or(KeyUsage::key_cert_sign)
}

/// Returns the content of an extension, or `None` if the certificate does not have it.
///
/// # Errors
/// [`PathError::Malformed`] if the extension is repeated or cannot be parsed. Such an extension must not count as
/// missing.
fn extension<'c, T>(
    certificate: &'c X509Certificate<'_>,
    oid: &Oid<'_>,
    content: impl Fn(&'c ParsedExtension<'_>) -> Option<&'c T>,
) -> Result<Option<&'c T>, PathError> {
    match certificate.get_extension_unique(oid) {
        Ok(None) => Ok(None),
        Ok(Some(extension)) => content(extension.parsed_extension()).map(Some).ok_or(PathError::Malformed),
        Err(_) => Err(PathError::Malformed),
    }
}

fn allows(path_length: Option<u32>, below: usize) -> bool {
    path_length.is_none_or(|limit| usize::try_from(limit).is_ok_and(|limit| below <= limit))
}

/// Returns whether `key` has signed a certificate.
fn has_signed(key: &SubjectPublicKeyInfo<'_>, certificate: &X509Certificate<'_>) -> bool {
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return false;
    }
    let Some(algorithm) = algorithm_of(key, certificate) else { return false };
    UnparsedPublicKey::new(algorithm, &key.subject_public_key.data)
        .verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data)
        .is_ok()
}

/// Returns the algorithm that verifies the signature of a certificate with the issuer's key; `None` for an unsupported
/// signature algorithm, such as RSA with SHA-1. The RSA algorithms reject keys with less than 2048 bits.
fn algorithm_of(
    key: &SubjectPublicKeyInfo<'_>,
    certificate: &X509Certificate<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let signature = &certificate.signature_algorithm;
    let oid = &signature.algorithm;
    Some(match SignatureAlgorithm::try_from(signature).ok()? {
        SignatureAlgorithm::RSA if *oid == oid!(1.2.840.113549.1.1.11) => &RSA_PKCS1_2048_8192_SHA256,
        SignatureAlgorithm::RSA if *oid == oid!(1.2.840.113549.1.1.12) => &RSA_PKCS1_2048_8192_SHA384,
        SignatureAlgorithm::RSA if *oid == oid!(1.2.840.113549.1.1.13) => &RSA_PKCS1_2048_8192_SHA512,
        SignatureAlgorithm::RSASSA_PSS(parameters) => match parameters.hash_algorithm_oid() {
            hash if *hash == SHA256 => &RSA_PSS_2048_8192_SHA256,
            hash if *hash == SHA384 => &RSA_PSS_2048_8192_SHA384,
            hash if *hash == SHA512 => &RSA_PSS_2048_8192_SHA512,
            _ => return None,
        },
        SignatureAlgorithm::ECDSA => return ecdsa(key, oid),
        SignatureAlgorithm::ED25519 => &ED25519,
        _ => return None,
    })
}

fn ecdsa(key: &SubjectPublicKeyInfo<'_>, signature: &Oid<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
    let [p256, p384, p521]: [&dyn VerificationAlgorithm; 3] = if *signature == oid!(1.2.840.10045.4.3.2) {
        [&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA256_ASN1, &ECDSA_P521_SHA256_ASN1]
    } else if *signature == oid!(1.2.840.10045.4.3.3) {
        [&ECDSA_P256_SHA384_ASN1, &ECDSA_P384_SHA384_ASN1, &ECDSA_P521_SHA384_ASN1]
    } else if *signature == oid!(1.2.840.10045.4.3.4) {
        [&ECDSA_P256_SHA512_ASN1, &ECDSA_P384_SHA512_ASN1, &ECDSA_P521_SHA512_ASN1]
    } else {
        return None;
    };
    if curve == oid!(1.2.840.10045.3.1.7) {
        Some(p256)
    } else if curve == oid!(1.3.132.0.34) {
        Some(p384)
    } else if curve == oid!(1.3.132.0.35) {
        Some(p521)
    } else {
        None
    }
}
