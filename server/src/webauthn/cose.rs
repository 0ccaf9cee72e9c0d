//! Credential public keys: COSE_Key (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, EcdsaVerificationAlgorithm, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use doorward_shared::{
    ErrorCode,
    refusal::{Check, RefusalDetail},
};

use super::{
    cbor::{self, Reader},
    error::VerificationError,
    options::{ES256, ES384, RS256},
};

const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const KEY_TYPE_EC2: i64 = 2;
const KEY_TYPE_RSA: i64 = 3;
const RSA_2048_BYTES: usize = 256;
/// Maximum length of an encoded key. An RSA key of 2048 bits has 272 bytes.
const MAX_KEY_BYTES: usize = 600;
/// First byte of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A validated public key.
#[derive(Debug)]
pub(super) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Returns whether a signature in the encoding of WebAuthn §6.5.5 is valid for the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// Encoded values of the known labels. They are decoded after the key type is known.
#[derive(Default)]
struct Labels<'a> {
    key_type: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    minus_1: Option<&'a [u8]>,
    minus_2: Option<&'a [u8]>,
    minus_3: Option<&'a [u8]>,
}

impl<'a> Labels<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut labels = Self::default();
        let mut reader = Reader::new(bytes);
        for _ in 0..reader.map()? {
            let label = Reader::new(reader.encoded_item()?).integer();
            let value = reader.encoded_item()?;
            let slot = match label {
                Some(KEY_TYPE) => &mut labels.key_type,
                Some(ALGORITHM) => &mut labels.algorithm,
                Some(-1) => &mut labels.minus_1,
                Some(-2) => &mut labels.minus_2,
                Some(-3) => &mut labels.minus_3,
                // Private part of an elliptic curve key. If it was sent, the key is no longer secret and is rejected.
                Some(-4) => return None,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        reader.rest().is_empty().then_some(labels)
    }
}

fn integer(encoded: Option<&[u8]>) -> Option<i64> {
    encoded.and_then(|encoded| Reader::new(encoded).integer())
}

fn bytes(encoded: Option<&[u8]>) -> Option<&[u8]> {
    encoded.and_then(|encoded| Reader::new(encoded).bytes())
}

/// Parses a key of one of the offered algorithms. The algorithm determines the curve (WebAuthn §5.8.5).
///
/// # Errors
/// `AlgorithmUnsupported` for other algorithms, curves and sizes; `CredentialMalformed` for an invalid key.
pub(super) fn parse_key(encoded: &[u8]) -> Result<PublicKey, VerificationError> {
    let labels =
        Labels::parse(encoded).ok_or_else(|| VerificationError::malformed("the public key is not a valid COSE key"))?;
    let algorithm =
        integer(labels.algorithm).ok_or_else(|| VerificationError::malformed("the public key has no algorithm"))?;
    let key_type =
        integer(labels.key_type).ok_or_else(|| VerificationError::malformed("the public key has no type"))?;
    match (algorithm, key_type) {
        (ES256, KEY_TYPE_EC2) => elliptic_curve(&labels, "ES256", &ECDSA_P256_SHA256_ASN1, 1, 32),
        (ES384, KEY_TYPE_EC2) => elliptic_curve(&labels, "ES384", &ECDSA_P384_SHA384_ASN1, 2, 48),
        (RS256, KEY_TYPE_RSA) => rsa(&labels),
        (ES256 | ES384 | RS256, _) => Err(VerificationError::malformed(format!(
            "the type of the public key does not match its algorithm {algorithm}"
        ))),
        _ => Err(unsupported(
            format!("the public key has algorithm {algorithm}; supported are ES256 (-7), ES384 (-35) and RS256 (-257)"),
            format!("algorithm {algorithm}"),
        )),
    }
}

/// Validates a key and returns its canonical encoding, without unknown members (CTAP 2.1 §8).
///
/// # Errors
/// The errors of [`parse_key`], and `CredentialMalformed` for a key of more than [`MAX_KEY_BYTES`].
pub(super) fn canonical_key(encoded: &[u8]) -> Result<Vec<u8>, VerificationError> {
    let length = encoded.len();
    if length > MAX_KEY_BYTES {
        let reason = format!("the public key has {length} bytes; at most {MAX_KEY_BYTES} are accepted");
        return Err(VerificationError::malformed(reason));
    }
    parse_key(encoded)?;
    let labels = Labels::parse(encoded).unwrap_or_default();
    let members = [
        (KEY_TYPE, labels.key_type),
        (ALGORITHM, labels.algorithm),
        (-1, labels.minus_1),
        (-2, labels.minus_2),
        (-3, labels.minus_3),
    ];
    let mut out = Vec::with_capacity(length);
    cbor::write_map(&mut out, members.iter().filter(|(_, value)| value.is_some()).count());
    for (label, value) in members {
        if let Some(number) = integer(value) {
            cbor::write_integer(&mut out, label);
            cbor::write_integer(&mut out, number);
        } else if let Some(bytes) = bytes(value) {
            cbor::write_integer(&mut out, label);
            cbor::write_bytes(&mut out, bytes);
        }
    }
    Ok(out)
}

/// Returns the name of a key's algorithm (RFC 9053), or `None` if it is not a supported one.
pub fn algorithm_name(encoded: &[u8]) -> Option<&'static str> {
    match integer(Labels::parse(encoded)?.algorithm)? {
        ES256 => Some("ES256"),
        ES384 => Some("ES384"),
        RS256 => Some("RS256"),
        _ => None,
    }
}

fn elliptic_curve(
    labels: &Labels<'_>,
    name: &str,
    algorithm: &'static EcdsaVerificationAlgorithm,
    curve: i64,
    size: usize,
) -> Result<PublicKey, VerificationError> {
    let found = integer(labels.minus_1).ok_or_else(|| VerificationError::malformed("the public key has no curve"))?;
    if found != curve {
        let reason = format!("{name} requires curve {curve}, but the public key is on curve {found}");
        return Err(unsupported(reason, format!("{name} on curve {found}")));
    }
    let coordinate = |encoded| bytes(encoded).filter(|bytes| bytes.len() == size);
    let (Some(x), Some(y)) = (coordinate(labels.minus_2), coordinate(labels.minus_3)) else {
        return Err(VerificationError::malformed(format!(
            "the coordinates of the public key must be byte strings of {size} bytes"
        )));
    };
    ParsedPublicKey::new(algorithm, [&[UNCOMPRESSED], x, y].concat())
        .map(PublicKey)
        .map_err(|_| VerificationError::malformed("the public key is not a point on its curve"))
}

fn rsa(labels: &Labels<'_>) -> Result<PublicKey, VerificationError> {
    // Private exponent (RFC 8230 §4). If it was sent, the key is no longer secret.
    if labels.minus_3.is_some() {
        return Err(VerificationError::malformed("the RSA public key contains its private exponent"));
    }
    let (Some(n), Some(e)) = (bytes(labels.minus_1), bytes(labels.minus_2)) else {
        return Err(VerificationError::malformed("the RSA public key has no modulus or exponent"));
    };
    let is_2048_bits = n.len() == RSA_2048_BYTES && n.first().is_some_and(|byte| byte & 0x80 != 0);
    // 65537 or a larger odd number of three bytes.
    let is_supported_exponent = matches!(e, [high, _, low] if *high != 0 && low & 1 == 1);
    (is_2048_bits && is_supported_exponent)
        .then(|| RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok())
        .flatten()
        .map(PublicKey)
        .ok_or_else(|| {
            let reason = "RS256 requires a key of 2048 bits with an odd public exponent of three bytes, at least 65537";
            unsupported(reason, "an RSA key of another form".to_owned())
        })
}

fn unsupported(reason: impl Into<String>, received: String) -> VerificationError {
    let detail = RefusalDetail::new(Check::Algorithm);
    let detail = detail.expected(["ES256 (P-256)", "ES384 (P-384)", "RS256 (2048 bits)"]).received(received);
    VerificationError::new(ErrorCode::AlgorithmUnsupported, reason, detail)
}
