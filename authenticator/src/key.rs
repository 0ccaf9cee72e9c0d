//! Key pairs, their COSE encoding (RFC 9052 §7) and signatures (WebAuthn §6.5.5).

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa,
    signature::{
        self, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING,
        ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm,
    },
};

use crate::{
    ClientError,
    cbor::{self, Value},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256, COSE -7.
    #[default]
    Es256,
    /// ECDSA over P-384 with SHA-384, COSE -35.
    Es384,
    /// ECDSA over P-521 with SHA-512, COSE -36.
    Es512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 2048-bit keys, COSE -257.
    Rs256,
    /// Ed25519, COSE -8.
    EdDsa,
    /// ML-DSA-44, COSE -48 (RFC 9964).
    MlDsa44,
    /// ML-DSA-65, COSE -49 (RFC 9964).
    MlDsa65,
    /// ML-DSA-87, COSE -50 (RFC 9964).
    MlDsa87,
}

impl Algorithm {
    pub const fn cose(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
            Self::Rs256 => -257,
            Self::EdDsa => -8,
            Self::MlDsa44 => -48,
            Self::MlDsa65 => -49,
            Self::MlDsa87 => -50,
        }
    }
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Rsa(Box<rsa::KeyPair>),
    Ed25519(Ed25519KeyPair),
    MlDsa(Box<PqdsaKeyPair>),
}

pub struct Key {
    algorithm: Algorithm,
    pair: Pair,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

const fn ecdsa(algorithm: Algorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        Algorithm::Es384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        Algorithm::Es512 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        _ => &ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}

const fn ml_dsa(algorithm: Algorithm) -> &'static PqdsaSigningAlgorithm {
    match algorithm {
        Algorithm::MlDsa44 => &ML_DSA_44_SIGNING,
        Algorithm::MlDsa65 => &ML_DSA_65_SIGNING,
        _ => &ML_DSA_87_SIGNING,
    }
}

impl Key {
    /// Generates a key pair. RSA keys take tens of milliseconds or more, all others microseconds.
    pub fn generate(algorithm: Algorithm) -> Result<Self, ClientError> {
        let failed = |_| ClientError::Crypto("key generation failed");
        let pair = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(ecdsa(algorithm)).map_err(failed)?)
            }
            Algorithm::Rs256 => Pair::Rsa(Box::new(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(failed)?)),
            Algorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => {
                Pair::MlDsa(Box::new(PqdsaKeyPair::generate(ml_dsa(algorithm)).map_err(failed)?))
            }
        };
        Ok(Self { algorithm, pair })
    }

    /// Creates an ES256 key pair from a private scalar. Two programs that derive scalars from the same seed get the
    /// same keys.
    ///
    /// # Errors
    /// [`ClientError::Crypto`] if the bytes are not a valid P-256 scalar (probability 2^-32 for random bytes).
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, ClientError> {
        // The encoding of RFC 5915, without the optional public key, which the library computes.
        const BEFORE: &[u8] = &[0x30, 0x31, 2, 1, 1, 4, 32];
        const AFTER: &[u8] = &[0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        let der = [BEFORE, secret, AFTER].concat();
        let pair = EcdsaKeyPair::from_private_key_der(ecdsa(Algorithm::Es256), &der)
            .map_err(|_| ClientError::Crypto("the private key was rejected"))?;
        Ok(Self { algorithm: Algorithm::Es256, pair: Pair::Ecdsa(pair) })
    }

    /// Decodes a private key that [`Key::to_pkcs8`] encoded.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, ClientError> {
        let failed = |_| ClientError::Crypto("the private key was rejected");
        let pair = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
                Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(ecdsa(algorithm), pkcs8).map_err(failed)?)
            }
            Algorithm::Rs256 => Pair::Rsa(Box::new(rsa::KeyPair::from_pkcs8(pkcs8).map_err(failed)?)),
            Algorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(failed)?),
            Algorithm::MlDsa44 | Algorithm::MlDsa65 | Algorithm::MlDsa87 => {
                Pair::MlDsa(Box::new(PqdsaKeyPair::from_pkcs8(ml_dsa(algorithm), pkcs8).map_err(failed)?))
            }
        };
        Ok(Self { algorithm, pair })
    }

    /// Encodes the private key without encryption.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, ClientError> {
        let failed = |_| ClientError::Crypto("the private key could not be encoded");
        match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map(|d| d.as_ref().to_vec()).map_err(failed),
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(&**pair).map(|d| d.as_ref().to_vec()).map_err(failed),
            Pair::Ed25519(pair) => pair.to_pkcs8().map(|d| d.as_ref().to_vec()).map_err(failed),
            Pair::MlDsa(pair) => pair.to_pkcs8v1().map(|d| d.as_ref().to_vec()).map_err(failed),
        }
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the public key as `SubjectPublicKeyInfo` (`getPublicKey()` in WebAuthn), or `None` if encoding fails.
    pub fn spki(&self) -> Option<Vec<u8>> {
        fn der(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Option<Vec<u8>> {
            key.as_der().ok().map(|der| der.as_ref().to_vec())
        }
        match &self.pair {
            Pair::Ecdsa(pair) => der(pair.public_key()),
            Pair::Rsa(pair) => der(pair.public_key()),
            Pair::Ed25519(pair) => der(pair.public_key()),
            Pair::MlDsa(pair) => der(pair.public_key()),
        }
    }

    /// Returns the public key: an uncompressed point, an `RSAPublicKey`, or the bytes of Ed25519 or ML-DSA.
    pub fn public_bytes(&self) -> &[u8] {
        match &self.pair {
            Pair::Ecdsa(pair) => pair.public_key().as_ref(),
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
            Pair::MlDsa(pair) => pair.public_key().as_ref(),
        }
    }

    /// Returns the `COSE_Key` in CTAP2's canonical order: kty, alg, crv, x, y (CTAP 2.2 §8; RFC 9053 §7, RFC 8230 §4).
    pub fn cose(&self) -> Value {
        let int = |number: i64| Value::Integer(number.into());
        let alg = int(self.algorithm.cose());
        match &self.pair {
            Pair::Ecdsa(pair) => {
                // 04 ‖ x ‖ y
                let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
                let (x, y) = point.split_at(point.len() / 2);
                let curve = match self.algorithm {
                    Algorithm::Es384 => 2,
                    Algorithm::Es512 => 3,
                    _ => 1,
                };
                cbor::int_map([
                    (1, int(2)),
                    (3, alg),
                    (-1, int(curve)),
                    (-2, Value::Bytes(x.to_vec())),
                    (-3, Value::Bytes(y.to_vec())),
                ])
            }
            Pair::Rsa(pair) => {
                let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
                let exponent = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();
                cbor::int_map([(1, int(3)), (3, alg), (-1, Value::Bytes(modulus)), (-2, Value::Bytes(exponent))])
            }
            Pair::Ed25519(pair) => cbor::int_map([
                (1, int(1)),
                (3, alg),
                (-1, int(6)),
                (-2, Value::Bytes(pair.public_key().as_ref().to_vec())),
            ]),
            // Key type 7: algorithm key pair (RFC 9964).
            Pair::MlDsa(pair) => {
                cbor::int_map([(1, int(7)), (3, alg), (-1, Value::Bytes(pair.public_key().as_ref().to_vec()))])
            }
        }
    }

    /// Signs a message. The signature has the format of WebAuthn §6.5.5 (DER for ECDSA).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ClientError> {
        let failed = |_| ClientError::Crypto("signing failed");
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).map(|s| s.as_ref().to_vec()).map_err(failed),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ed25519(pair) => pair.try_sign(message).map(|s| s.as_ref().to_vec()).map_err(failed),
            Pair::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let length = pair.sign(message, &mut signature).map_err(failed)?;
                signature.truncate(length);
                Ok(signature)
            }
        }
    }
}

/// Converts a DER ECDSA signature to `r ‖ s` with `width` bytes each, the format of JOSE. Returns `None` if the input
/// is invalid or too large.
pub fn fixed_signature(der: &[u8], width: usize) -> Option<Vec<u8>> {
    // SEQUENCE { INTEGER r, INTEGER s }. It has less than 128 bytes for these curves, so each length is one byte.
    let [0x30, _, body @ ..] = der else { return None };
    let mut fixed = Vec::with_capacity(2 * width);
    let mut rest = body;
    for _ in 0..2 {
        let [0x02, length, tail @ ..] = rest else { return None };
        let (integer, after) = tail.split_at_checked(usize::from(*length))?;
        let digits: Vec<u8> = integer.iter().copied().skip_while(|byte| *byte == 0).collect();
        fixed.resize(fixed.len() + width.checked_sub(digits.len())?, 0);
        fixed.extend(digits);
        rest = after;
    }
    Some(fixed)
}
