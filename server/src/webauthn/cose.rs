//! Credential public keys: COSE_Key (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, VerificationAlgorithm,
};
use doorward_shared::{
    CoseAlgorithm, ErrorCode,
    refusal::{Check, RefusalDetail},
};

use super::{
    cbor::{self, Reader},
    error::VerificationError,
};

const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const KEY_TYPE_OKP: i64 = 1;
const KEY_TYPE_EC2: i64 = 2;
const KEY_TYPE_RSA: i64 = 3;
/// Algorithm key pair: the key type of ML-DSA (RFC 9964).
const KEY_TYPE_AKP: i64 = 7;
const CURVE_ED25519: i64 = 6;
const ED25519_BYTES: usize = 32;
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;
/// Length in bytes of the modulus of an RSA key with 2048 bits.
const RSA_2048_BYTES: usize = 256;
/// Maximum length of an encoded key in bytes. An ML-DSA-87 key has 2 602 bytes.
const MAX_KEY_BYTES: usize = 2_700;
/// First byte of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// A validated public key.
#[derive(Debug)]
pub(super) struct PublicKey {
    key: ParsedPublicKey,
    pub(super) algorithm: CoseAlgorithm,
    /// The algorithm identifier in the key: the usual identifier of `algorithm`, or the fully specified one (RFC 9864).
    pub(super) id: i64,
    /// Whether webauthn-rs can verify attestation statements about this key.
    pub(super) known_to_webauthn_rs: bool,
}

impl PublicKey {
    /// Returns whether a signature in the encoding of WebAuthn §6.5.5 is valid for the message.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// Returns the key's bytes: an uncompressed point, a `SubjectPublicKeyInfo` of an RSA key, or the encoded Ed25519
    /// or ML-DSA key.
    pub(super) fn bytes(&self) -> &[u8] {
        self.key.as_ref()
    }

    /// Returns whether this key is the public key of a certificate. `info` is the certificate's `SubjectPublicKeyInfo`,
    /// and `key` is the bit string in it.
    pub(super) fn matches(&self, info: &[u8], key: &[u8]) -> bool {
        if self.algorithm == CoseAlgorithm::Rs256 { self.bytes() == info } else { self.bytes() == key }
    }
}

/// Components of a key, for comparing keys in different encodings.
pub(super) enum KeyParts<'a> {
    Ec { curve: i64, x: &'a [u8], y: &'a [u8] },
    Rsa { n: &'a [u8], e: &'a [u8] },
}

impl<'a> KeyParts<'a> {
    /// Parses an elliptic curve or RSA key in COSE format; `None` for other types of keys, and for invalid keys.
    pub(super) fn parse(encoded: &'a [u8]) -> Option<Self> {
        let labels = Labels::parse(encoded)?;
        match integer(labels.key_type)? {
            KEY_TYPE_EC2 => {
                Some(Self::Ec { curve: integer(labels.minus_1)?, x: bytes(labels.minus_2)?, y: bytes(labels.minus_3)? })
            }
            KEY_TYPE_RSA => Some(Self::Rsa { n: bytes(labels.minus_1)?, e: bytes(labels.minus_2)? }),
            _ => None,
        }
    }
}

/// CBOR-encoded values of the known labels of a COSE key. They are decoded only after the key type is known.
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
                // The private part of an elliptic curve key. A client that sends the private part has disclosed it, so
                // the key is rejected.
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

/// Parses a key. The algorithm determines the curve (WebAuthn §5.8.5).
///
/// # Errors
/// `AlgorithmUnsupported` for unsupported algorithms, curves and key sizes; `CredentialMalformed` for an invalid key.
pub(super) fn parse_key(encoded: &[u8]) -> Result<PublicKey, VerificationError> {
    let labels =
        Labels::parse(encoded).ok_or_else(|| VerificationError::malformed("the public key is not a valid COSE key"))?;
    let id =
        integer(labels.algorithm).ok_or_else(|| VerificationError::malformed("the public key has no algorithm"))?;
    let key_type =
        integer(labels.key_type).ok_or_else(|| VerificationError::malformed("the public key has no type"))?;
    let algorithm = CoseAlgorithm::from_id(id).ok_or_else(|| {
        let reason = format!("the public key has the algorithm {id}, which Doorward does not support");
        unsupported(reason, format!("algorithm {id}"))
    })?;
    if key_type != type_of(algorithm) {
        let reason = format!("the type of the public key does not match its algorithm {algorithm} ({id})");
        return Err(VerificationError::malformed(reason));
    }
    let key = match algorithm {
        CoseAlgorithm::Es256 => elliptic_curve(&labels, algorithm, &ECDSA_P256_SHA256_ASN1, 1, 32),
        CoseAlgorithm::Es384 => elliptic_curve(&labels, algorithm, &ECDSA_P384_SHA384_ASN1, 2, 48),
        CoseAlgorithm::Es512 => elliptic_curve(&labels, algorithm, &ECDSA_P521_SHA512_ASN1, 3, 66),
        CoseAlgorithm::EdDsa => ed25519(&labels),
        CoseAlgorithm::Rs256 => rsa(&labels),
        CoseAlgorithm::MlDsa44 => ml_dsa(&labels, algorithm, &ML_DSA_44),
        CoseAlgorithm::MlDsa65 => ml_dsa(&labels, algorithm, &ML_DSA_65),
        CoseAlgorithm::MlDsa87 => ml_dsa(&labels, algorithm, &ML_DSA_87),
    }?;
    let known_to_webauthn_rs = match algorithm {
        CoseAlgorithm::Es256 | CoseAlgorithm::Es384 => id == algorithm.id(),
        CoseAlgorithm::Rs256 => bytes(labels.minus_1).is_some_and(|modulus| modulus.len() == RSA_2048_BYTES),
        _ => false,
    };
    Ok(PublicKey { key, algorithm, id, known_to_webauthn_rs })
}

const fn type_of(algorithm: CoseAlgorithm) -> i64 {
    match algorithm {
        CoseAlgorithm::EdDsa => KEY_TYPE_OKP,
        CoseAlgorithm::Es256 | CoseAlgorithm::Es384 | CoseAlgorithm::Es512 => KEY_TYPE_EC2,
        CoseAlgorithm::Rs256 => KEY_TYPE_RSA,
        CoseAlgorithm::MlDsa44 | CoseAlgorithm::MlDsa65 | CoseAlgorithm::MlDsa87 => KEY_TYPE_AKP,
    }
}

/// Returns how many of the labels 1, 3, -1, -2 and -3 a key of this algorithm has. [`parse_key`] requires all of them.
const fn label_count(algorithm: CoseAlgorithm) -> usize {
    match algorithm {
        CoseAlgorithm::Es256 | CoseAlgorithm::Es384 | CoseAlgorithm::Es512 => 5,
        CoseAlgorithm::EdDsa | CoseAlgorithm::Rs256 => 4,
        CoseAlgorithm::MlDsa44 | CoseAlgorithm::MlDsa65 | CoseAlgorithm::MlDsa87 => 3,
    }
}

/// Validates the public key of an imported credential. Returns the algorithm and the canonical encoding of the key.
///
/// # Errors
/// The reason why Doorward cannot verify signatures with this key.
pub fn imported_key(encoded: &[u8]) -> Result<(CoseAlgorithm, Vec<u8>), VerificationError> {
    canonical_key(encoded).map(|(key, canonical)| (key.algorithm, canonical))
}

/// Validates a new key. Returns it with its canonical encoding, without unknown members (CTAP 2.1 §8).
///
/// # Errors
/// The errors of [`parse_key`], and `CredentialMalformed` for a key that is longer than [`MAX_KEY_BYTES`].
pub(super) fn canonical_key(encoded: &[u8]) -> Result<(PublicKey, Vec<u8>), VerificationError> {
    let length = encoded.len();
    if length > MAX_KEY_BYTES {
        let reason = format!("the public key has {length} bytes; at most {MAX_KEY_BYTES} are accepted");
        return Err(VerificationError::malformed(reason));
    }
    let key = parse_key(encoded)?;
    let labels = Labels::parse(encoded).unwrap_or_default();
    let members = [
        (KEY_TYPE, labels.key_type),
        (ALGORITHM, labels.algorithm),
        (-1, labels.minus_1),
        (-2, labels.minus_2),
        (-3, labels.minus_3),
    ];
    let count = label_count(key.algorithm);
    let mut out = Vec::with_capacity(length);
    cbor::write_map(&mut out, count);
    for (label, value) in members.into_iter().take(count) {
        if let Some(number) = integer(value) {
            cbor::write_integer(&mut out, label);
            cbor::write_integer(&mut out, number);
        } else if let Some(bytes) = bytes(value) {
            cbor::write_integer(&mut out, label);
            cbor::write_bytes(&mut out, bytes);
        }
    }
    Ok((key, out))
}

fn elliptic_curve(
    labels: &Labels<'_>,
    algorithm: CoseAlgorithm,
    verification: &'static dyn VerificationAlgorithm,
    curve: i64,
    size: usize,
) -> Result<ParsedPublicKey, VerificationError> {
    check_curve(labels, algorithm, curve)?;
    let coordinate = |encoded| bytes(encoded).filter(|bytes| bytes.len() == size);
    let (Some(x), Some(y)) = (coordinate(labels.minus_2), coordinate(labels.minus_3)) else {
        return Err(VerificationError::malformed(format!(
            "the coordinates of the public key must be byte strings of {size} bytes"
        )));
    };
    ParsedPublicKey::new(verification, [&[UNCOMPRESSED], x, y].concat())
        .map_err(|_| VerificationError::malformed("the public key is not a point on its curve"))
}

/// Parses an Ed25519 key (RFC 9053 §7.2).
fn ed25519(labels: &Labels<'_>) -> Result<ParsedPublicKey, VerificationError> {
    check_curve(labels, CoseAlgorithm::EdDsa, CURVE_ED25519)?;
    let point = bytes(labels.minus_2).filter(|bytes| bytes.len() == ED25519_BYTES);
    let point = point.ok_or_else(|| VerificationError::malformed("an Ed25519 public key must have 32 bytes"))?;
    ParsedPublicKey::new(&ED25519, point)
        .map_err(|_| VerificationError::malformed("the Ed25519 public key is not valid"))
}

fn check_curve(labels: &Labels<'_>, algorithm: CoseAlgorithm, curve: i64) -> Result<(), VerificationError> {
    let found = integer(labels.minus_1).ok_or_else(|| VerificationError::malformed("the public key has no curve"))?;
    if found == curve {
        return Ok(());
    }
    let reason = format!("{algorithm} requires curve {curve}, but the public key is on curve {found}");
    Err(unsupported(reason, format!("{algorithm} on curve {found}")))
}

/// Parses an ML-DSA key (RFC 9964). Label -1 is the public key, label -2 the private one.
fn ml_dsa(
    labels: &Labels<'_>,
    algorithm: CoseAlgorithm,
    verification: &'static dyn VerificationAlgorithm,
) -> Result<ParsedPublicKey, VerificationError> {
    if labels.minus_2.is_some() {
        return Err(VerificationError::malformed("the ML-DSA public key contains its private key"));
    }
    bytes(labels.minus_1)
        .and_then(|key| ParsedPublicKey::new(verification, key).ok())
        .ok_or_else(|| VerificationError::malformed(format!("the {algorithm} public key has a wrong length")))
}

fn rsa(labels: &Labels<'_>) -> Result<ParsedPublicKey, VerificationError> {
    // Label -3 is the private exponent (RFC 8230 §4). A client that sends the private exponent has disclosed it.
    if labels.minus_3.is_some() {
        return Err(VerificationError::malformed("the RSA public key contains its private exponent"));
    }
    let (Some(n), Some(e)) = (bytes(labels.minus_1), bytes(labels.minus_2)) else {
        return Err(VerificationError::malformed("the RSA public key has no modulus or exponent"));
    };
    let leading_zeros = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let has_supported_size = leading_zeros < 8 && RSA_BITS.contains(&(8 * n.len() - leading_zeros));
    // 65537 or a larger odd number of three bytes.
    let has_supported_exponent = matches!(e, [high, _, low] if *high != 0 && low & 1 == 1);
    (has_supported_size && has_supported_exponent)
        .then(|| RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok())
        .flatten()
        .ok_or_else(|| {
            let reason =
                "RS256 requires a key of 2048 to 4096 bits with an odd public exponent of three bytes, at least 65537";
            unsupported(reason, "an RSA key of another size or exponent".to_owned())
        })
}

fn unsupported(reason: impl Into<String>, received: String) -> VerificationError {
    let detail = RefusalDetail::new(Check::Algorithm);
    let detail = detail.expected(CoseAlgorithm::ALL.iter().map(|algorithm| algorithm.as_str())).received(received);
    VerificationError::new(ErrorCode::AlgorithmUnsupported, reason, detail)
}
