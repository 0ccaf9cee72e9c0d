//! A tenant's signing keys: made, sealed, opened, and used to sign tokens (RFC 7515, RFC 7519).
//!
//! Tokens are signed with key pairs that are parsed once and kept: parsing again for every token costs as much as half an
//! ES256 signature, and more than an RS256 one.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use doorward_shared::{
    Base64Url, SigningKeyId, TenantId, Timestamp,
    admin::SigningAlgorithm,
    public::{Jwk, TokenClaims},
};
use serde::Serialize;
use zeroize::Zeroizing;

use super::master_key::{MasterKey, MasterKeyError};
use crate::{clock::Entropy, domain::SigningKeyRecord};

/// Seconds a token is valid.
pub const TOKEN_LIFETIME_SECONDS: i64 = 300;

/// Why a signing key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// No key pair could be made.
    #[error("no {0} key pair could be made")]
    Generate(SigningAlgorithm),
    /// The private key cannot be sealed or opened.
    #[error(transparent)]
    Master(#[from] MasterKeyError),
    /// The stored key is none of its algorithm, or its public part is another key's.
    #[error("the stored signing key {0} is damaged")]
    Corrupt(SigningKeyId),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign,
}

enum KeyPair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl KeyPair {
    /// Makes a key pair, and its private part as PKCS #8 version 1 (which is what every reader of Ed25519 keys takes).
    fn generate(algorithm: SigningAlgorithm) -> Result<(Self, Zeroizing<Vec<u8>>), SigningKeyError> {
        let failed = |_| SigningKeyError::Generate(algorithm);
        Ok(match algorithm {
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
                let der = Zeroizing::new(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec());
                (Self::Es256(pair), der)
            }
            SigningAlgorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
                let der = Zeroizing::new(der.as_ref().to_vec());
                (Self::Rs256(pair), der)
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().map_err(failed)?;
                let der = Zeroizing::new(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec());
                (Self::EdDsa(pair), der)
            }
        })
    }

    fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        match algorithm {
            SigningAlgorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Self::Es256).ok()
            }
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(Self::Rs256).ok(),
            SigningAlgorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::EdDsa).ok(),
        }
    }

    fn jwk(&self, kid: SigningKeyId) -> Option<Jwk> {
        let jwk = |kty: &str, alg| Jwk {
            kty: kty.to_owned(),
            usage: "sig".to_owned(),
            alg,
            kid,
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
        };
        Some(match self {
            Self::Es256(pair) => {
                // SEC 1 §2.3.3: 4, then both coordinates at full length.
                let (_, coordinates) = pair.public_key().as_ref().split_first()?;
                let (x, y) = coordinates.split_at_checked(32)?;
                Jwk {
                    crv: Some("P-256".to_owned()),
                    x: Some(Base64Url::encode(x)),
                    y: Some(Base64Url::encode(y)),
                    ..jwk("EC", SigningAlgorithm::Es256)
                }
            }
            Self::Rs256(pair) => Jwk {
                n: Some(Base64Url::encode(pair.public_key().modulus().big_endian_without_leading_zero())),
                e: Some(Base64Url::encode(pair.public_key().exponent().big_endian_without_leading_zero())),
                ..jwk("RSA", SigningAlgorithm::Rs256)
            },
            Self::EdDsa(pair) => Jwk {
                crv: Some("Ed25519".to_owned()),
                x: Some(Base64Url::encode(pair.public_key().as_ref())),
                ..jwk("OKP", SigningAlgorithm::EdDsa)
            },
        })
    }
}

/// Makes a signing key. RS256 takes tens to hundreds of milliseconds: not on a thread that serves requests.
///
/// The key pair's randomness is aws-lc's own; `entropy` gives the nonce of the seal.
///
/// # Errors
/// [`SigningKeyError::Generate`], [`SigningKeyError::Master`].
pub fn generate(
    tenant_id: TenantId,
    id: SigningKeyId,
    algorithm: SigningAlgorithm,
    created_at: Timestamp,
    signs_from: Timestamp,
    master: &MasterKey,
    entropy: &dyn Entropy,
) -> Result<SigningKeyRecord, SigningKeyError> {
    let (pair, pkcs8) = KeyPair::generate(algorithm)?;
    let jwk = pair.jwk(id).ok_or(SigningKeyError::Generate(algorithm))?;
    Ok(SigningKeyRecord {
        tenant_id,
        id,
        algorithm,
        public_jwk: serde_json::to_string(&jwk).map_err(|_| SigningKeyError::Generate(algorithm))?,
        sealed_private_key: master.seal(tenant_id, id, &pkcs8, entropy)?,
        created_at,
        signs_from,
        retired_at: None,
    })
}

/// A private key, ready to sign.
pub struct SigningKey {
    id: SigningKeyId,
    algorithm: SigningAlgorithm,
    pair: KeyPair,
    /// The encoded header and its dot, which are the same in every token.
    header: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Header {
    alg: SigningAlgorithm,
    kid: SigningKeyId,
    typ: &'static str,
}

impl SigningKey {
    /// Opens a stored key.
    ///
    /// # Errors
    /// [`SigningKeyError::Master`] when it does not open; [`SigningKeyError::Corrupt`] when it is none of its algorithm,
    /// or its public part is another key's: tokens signed with it would verify nowhere.
    pub fn open(record: &SigningKeyRecord, master: &MasterKey) -> Result<Self, SigningKeyError> {
        let corrupt = || SigningKeyError::Corrupt(record.id);
        let pkcs8 = master.open(record.tenant_id, record.id, &record.sealed_private_key)?;
        let pair = KeyPair::from_pkcs8(record.algorithm, &pkcs8).ok_or_else(corrupt)?;
        if pair.jwk(record.id).ok_or_else(corrupt)? != public_jwk(record)? {
            return Err(corrupt());
        }
        let header = Header { alg: record.algorithm, kid: record.id, typ: "JWT" };
        let header = serde_json::to_vec(&header).map_err(|_| corrupt())?;
        Ok(Self {
            id: record.id,
            algorithm: record.algorithm,
            pair,
            header: format!("{}.", Base64Url::encode(&header)),
        })
    }

    /// Its id, `kid` in tokens.
    #[must_use]
    pub const fn id(&self) -> SigningKeyId {
        self.id
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Signs a token: JWS compact serialisation (RFC 7515 §7.1).
    ///
    /// The nonce of an ES256 signature is aws-lc's own affair (it takes no generator), so no entropy enters here.
    ///
    /// # Errors
    /// [`SigningKeyError::Sign`].
    pub fn sign(&self, claims: &TokenClaims) -> Result<String, SigningKeyError> {
        let claims = serde_json::to_vec(claims).map_err(|_| SigningKeyError::Sign)?;
        let mut token = self.header.clone();
        token.push_str(&Base64Url::encode(&claims));
        let signature = match &self.pair {
            KeyPair::Es256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), token.as_bytes()).map_err(|_| SigningKeyError::Sign)?;
                Base64Url::encode(signature.as_ref())
            }
            KeyPair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
                    .map_err(|_| SigningKeyError::Sign)?;
                Base64Url::encode(&signature)
            }
            KeyPair::EdDsa(pair) => {
                let signature = pair.try_sign(token.as_bytes()).map_err(|_| SigningKeyError::Sign)?;
                Base64Url::encode(signature.as_ref())
            }
        };
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }
}

/// The stored public part.
///
/// # Errors
/// [`SigningKeyError::Corrupt`] when it is no JWK.
pub fn public_jwk(record: &SigningKeyRecord) -> Result<Jwk, SigningKeyError> {
    serde_json::from_str(&record.public_jwk).map_err(|_| SigningKeyError::Corrupt(record.id))
}
