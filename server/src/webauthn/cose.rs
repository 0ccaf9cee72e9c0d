//! Credential public keys: COSE_Key (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4), and what they sign.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, EcdsaVerificationAlgorithm, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use doorward_shared::ErrorCode;

use super::{
    cbor::Reader,
    error::VerificationError,
    options::{ES256, ES384, RS256},
};

const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const KEY_TYPE_EC2: i64 = 2;
const KEY_TYPE_RSA: i64 = 3;
const RSA_2048_BYTES: usize = 256;
/// How an uncompressed point begins (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A key that can verify: a point on its curve, or RSA's two numbers.
#[derive(Debug)]
pub(super) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Whether this signature, encoded as WebAuthn §6.5.5 wants it, is the key's over this message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// The labels that are looked at; their values stay encoded until the key's type is known.
#[derive(Default)]
struct Labels<'a> {
    key_type: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    minus_1: Option<&'a [u8]>,
    minus_2: Option<&'a [u8]>,
    minus_3: Option<&'a [u8]>,
}

impl<'a> Labels<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut labels = Self::default();
        let mut reader = Reader::new(bytes);
        for _ in 0..reader.map()? {
            let label = Reader::new(reader.encoded_item()?).integer();
            let value = reader.encoded_item()?;
            let place = match label {
                Some(KEY_TYPE) => &mut labels.key_type,
                Some(ALGORITHM) => &mut labels.algorithm,
                Some(-1) => &mut labels.minus_1,
                Some(-2) => &mut labels.minus_2,
                Some(-3) => &mut labels.minus_3,
                // The private part of an elliptic key: whoever sends it has no key of one's own any more.
                Some(-4) => return None,
                _ => continue,
            };
            if place.replace(value).is_some() {
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

/// Reads a key of one of the algorithms that are offered. The algorithm fixes the curve (WebAuthn §5.8.5).
///
/// # Errors
/// `AlgorithmUnsupported` for other algorithms, curves and sizes; `CredentialMalformed` for what is no key.
pub(super) fn read_key(encoded: &[u8]) -> Result<PublicKey, VerificationError> {
    let labels = Labels::read(encoded).ok_or_else(|| VerificationError::malformed("the public key is no COSE key"))?;
    let algorithm = integer(labels.algorithm)
        .ok_or_else(|| VerificationError::malformed("the public key does not name its algorithm"))?;
    let key_type = integer(labels.key_type)
        .ok_or_else(|| VerificationError::malformed("the public key does not name its type"))?;
    match (algorithm, key_type) {
        (ES256, KEY_TYPE_EC2) => elliptic(&labels, "ES256", &ECDSA_P256_SHA256_ASN1, 1, 32),
        (ES384, KEY_TYPE_EC2) => elliptic(&labels, "ES384", &ECDSA_P384_SHA384_ASN1, 2, 48),
        (RS256, KEY_TYPE_RSA) => rsa(&labels),
        (ES256 | ES384 | RS256, _) => Err(VerificationError::malformed(format!(
            "the public key is not of the type its algorithm {algorithm} wants"
        ))),
        _ => Err(unsupported(format!(
            "the public key is for algorithm {algorithm}; ES256 (-7), ES384 (-35) and RS256 (-257) were offered"
        ))),
    }
}

fn elliptic(
    labels: &Labels<'_>,
    name: &str,
    algorithm: &'static EcdsaVerificationAlgorithm,
    curve: i64,
    size: usize,
) -> Result<PublicKey, VerificationError> {
    let found = integer(labels.minus_1)
        .ok_or_else(|| VerificationError::malformed("the public key does not name its curve"))?;
    if found != curve {
        return Err(unsupported(format!("{name} is verified on curve {curve} only, the public key is on {found}")));
    }
    let coordinate = |encoded| bytes(encoded).filter(|bytes| bytes.len() == size);
    let (Some(x), Some(y)) = (coordinate(labels.minus_2), coordinate(labels.minus_3)) else {
        return Err(VerificationError::malformed(
            "the public key's coordinates are not two byte strings of its curve's size",
        ));
    };
    ParsedPublicKey::new(algorithm, [&[UNCOMPRESSED], x, y].concat())
        .map(PublicKey)
        .map_err(|_| VerificationError::malformed("the public key is no point of its curve"))
}

fn rsa(labels: &Labels<'_>) -> Result<PublicKey, VerificationError> {
    let (Some(n), Some(e)) = (bytes(labels.minus_1), bytes(labels.minus_2)) else {
        return Err(VerificationError::malformed("the RSA public key lacks its modulus or exponent"));
    };
    let full = n.len() == RSA_2048_BYTES && n.first().is_some_and(|byte| byte & 0x80 != 0);
    // 65537 or a greater odd number of three bytes.
    let usual = matches!(e, [high, _, low] if *high != 0 && low & 1 == 1);
    (full && usual)
        .then(|| RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok())
        .flatten()
        .map(PublicKey)
        .ok_or_else(|| {
            unsupported(
                "RS256 is verified with 2048 bits and an odd public exponent of three bytes, from 65537 on, only",
            )
        })
}

fn unsupported(reason: impl Into<String>) -> VerificationError {
    VerificationError::new(ErrorCode::AlgorithmUnsupported, reason)
}
