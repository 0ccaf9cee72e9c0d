//! The BLOB of the FIDO Metadata Service, version 3: a JWT (RFC 7515, compact serialization) with the signer's
//! certificate in the header (FIDO Metadata Service §3.1.7, §3.2).

mod error;
mod payload;
mod roots;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_shared::{Base64Url, Timestamp};
use serde::Deserialize;
use x509_parser::{
    asn1_rs::{FromDer as _, Oid, oid},
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
};

use self::error::SIGNER;
pub use self::{
    error::{BlobError, MAX_BYTES},
    payload::Blob,
    roots::Roots,
};
use super::certificate_path::{self, PathError};

const NAME_CONSTRAINTS: Oid<'static> = oid!(2.5.29.30);
const EXTENDED_KEY_USAGE: Oid<'static> = oid!(2.5.29.37);

/// Protected header of the JWT.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    x5c: Vec<String>,
    /// Extensions that a recipient must understand. Doorward supports none of them.
    crit: Option<serde_json::Value>,
}

/// The parts of the JWT.
struct Token<'a> {
    header: Header,
    /// The signed text: header and payload in base64url, with the dot between them.
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, BlobError> {
        if bytes.len() > MAX_BYTES {
            return Err(BlobError::Size);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BlobError::Form("it is not text"))?.trim();
        let (signed, signature) = text.rsplit_once('.').ok_or(BlobError::Form("it has no signature"))?;
        let (header, payload) = signed.split_once('.').ok_or(BlobError::Form("it has no payload"))?;
        let decode = |part: &str| Base64Url::decode(part).map_err(|_| BlobError::Form("a part is not base64url"));
        let header = serde_json::from_slice(&decode(header)?.0)
            .map_err(|_| BlobError::Form("its header is not a JSON object with the member alg"))?;
        Ok(Self { header, signed, payload: decode(payload)?.0, signature: decode(signature)?.0 })
    }

    /// Checks the signer and the signature.
    fn verify(&self, roots: &Roots, now: Timestamp) -> Result<(), BlobError> {
        if self.header.crit.is_some() {
            return Err(BlobError::Form("its header has critical extensions"));
        }
        let algorithm = algorithm(&self.header.alg).ok_or_else(|| BlobError::Algorithm(self.header.alg.clone()))?;
        let decode = |text: &String| STANDARD.decode(text).map_err(|_| BlobError::Form("x5c is not base64"));
        let path = self.header.x5c.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let path: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
        certificate_path::validate(&path, &roots.valid_at(now), now).map_err(BlobError::Signer)?;
        let leaf = path.first().and_then(|der| X509Certificate::from_der(der).ok());
        let (_, leaf) = leaf.ok_or(BlobError::Signer(PathError::Malformed))?;
        if roots.are_default() {
            check_service(&leaf, &path)?;
        }
        UnparsedPublicKey::new(algorithm, &leaf.public_key().subject_public_key.data)
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| BlobError::Signature)
    }
}

/// Verifies a BLOB and returns its content. The caller compares the number and date of the BLOB with those of the BLOB
/// that was imported last.
pub fn verify_blob(bytes: &[u8], roots: &Roots, now: Timestamp) -> Result<Blob, BlobError> {
    let token = Token::parse(bytes)?;
    token.verify(roots, now)?;
    Blob::parse(&token.payload)
}

/// Parses bytes as a BLOB and as the content of a BLOB, for the fuzz target.
#[cfg(fuzzing)]
pub(super) fn parse_unverified(bytes: &[u8]) {
    let _ = Token::parse(bytes);
    let _ = Blob::parse(bytes);
}

/// Checks that the certificates of a path to a default root are for the FIDO Alliance's service. The default roots have
/// also certified other authorities. Some of them may issue certificates only for e-mail, and some only for the domains
/// of one company.
pub(super) fn check_service(leaf: &X509Certificate<'_>, path: &[&[u8]]) -> Result<(), BlobError> {
    let is_service =
        |name: &GeneralName<'_>| matches!(name, GeneralName::DNSName(dns) if dns.eq_ignore_ascii_case(SIGNER));
    let names = leaf.subject_alternative_name().ok().flatten();
    if !names.is_some_and(|names| names.value.general_names.iter().any(is_service)) {
        return Err(BlobError::SignerName);
    }
    let is_allowed = |der: &&[u8]| X509Certificate::from_der(der).is_ok_and(|(_, it)| is_for_servers(&it));
    if path.iter().all(is_allowed) { Ok(()) } else { Err(BlobError::SignerPurpose) }
}

/// Returns whether the certificate may be used for servers with any name: its extended key usage, if present, must
/// include servers, and it must have no name constraints.
fn is_for_servers(certificate: &X509Certificate<'_>) -> bool {
    certificate.iter_extensions().all(|extension| match extension.parsed_extension() {
        ParsedExtension::ExtendedKeyUsage(usage) => usage.any || usage.server_auth,
        _ => ![EXTENDED_KEY_USAGE, NAME_CONSTRAINTS].contains(&extension.oid),
    })
}

/// Returns the implementation that verifies signatures of a JWS algorithm (RFC 7518 §3.1, RFC 8037).
fn algorithm(name: &str) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match name {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &RSA_PKCS1_2048_8192_SHA512,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        "PS384" => &RSA_PSS_2048_8192_SHA384,
        "PS512" => &RSA_PSS_2048_8192_SHA512,
        "ES256" => &ECDSA_P256_SHA256_FIXED,
        "ES384" => &ECDSA_P384_SHA384_FIXED,
        "ES512" => &ECDSA_P521_SHA512_FIXED,
        "EdDSA" => &ED25519,
        _ => return None,
    })
}
