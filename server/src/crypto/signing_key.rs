//! Signing keys of a tenant: generates, seals and opens them, and signs tokens (RFC 7515, RFC 7519).
//!
//! Key pairs are parsed only once. Parsing an ES256 key takes half as long as a signature with it, and parsing an RS256
//! key takes longer than a signature.

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

pub const TOKEN_LIFETIME_SECONDS: i64 = 300;

#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    #[error("the {0} key pair could not be generated")]
    Generate(SigningAlgorithm),
    #[error(transparent)]
    Master(#[from] MasterKeyError),
    /// The stored key does not match its algorithm, or its public part does not match its private part.
    #[error("the stored signing key {0} is damaged")]
    Corrupt(SigningKeyId),
    #[error("the token could not be signed")]
    Sign,
}

enum KeyPair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl KeyPair {
    /// Generates a key pair. Also returns the private key as PKCS #8 version 1, which all Ed25519 libraries can read.
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
                // SEC 1 §2.3.3: the byte 4, then both coordinates with their full length.
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

/// Generates a signing key. Generating an RS256 key can take hundreds of milliseconds, so do not call this on a request
/// thread.
///
/// The random generator of aws-lc generates the key pair; `entropy` is used only for the nonce of the encryption.
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
        withdrawn_at: None,
    })
}

/// Seals a private key that comes from another system. `pkcs8` is the key in PKCS #8 form.
///
/// # Errors
/// [`SigningKeyError::Corrupt`] if `pkcs8` is not a key of this algorithm.
pub fn import(
    tenant_id: TenantId,
    id: SigningKeyId,
    algorithm: SigningAlgorithm,
    pkcs8: &[u8],
    signs_from: Timestamp,
    master: &MasterKey,
    entropy: &dyn Entropy,
) -> Result<SigningKeyRecord, SigningKeyError> {
    let corrupt = || SigningKeyError::Corrupt(id);
    let jwk = KeyPair::from_pkcs8(algorithm, pkcs8).and_then(|pair| pair.jwk(id)).ok_or_else(corrupt)?;
    Ok(SigningKeyRecord {
        tenant_id,
        id,
        algorithm,
        public_jwk: serde_json::to_string(&jwk).map_err(|_| corrupt())?,
        sealed_private_key: master.seal(tenant_id, id, pkcs8, entropy)?,
        created_at: signs_from,
        signs_from,
        retired_at: None,
        withdrawn_at: None,
    })
}

pub struct SigningKey {
    id: SigningKeyId,
    algorithm: SigningAlgorithm,
    pair: KeyPair,
    /// The encoded header and the dot after it, which are the same in every token of this key.
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
    /// Decrypts and parses a stored key.
    ///
    /// # Errors
    /// [`SigningKeyError::Master`] if it cannot be decrypted; [`SigningKeyError::Corrupt`] if the private key does not
    /// match its algorithm or its public part. Nobody could verify the tokens of such a key.
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

    /// Returns the key's id, which is the `kid` of its tokens.
    pub const fn id(&self) -> SigningKeyId {
        self.id
    }

    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Signs a token and returns its compact serialisation (RFC 7515 §7.1). The random generator of aws-lc generates
    /// the nonce of an ES256 signature; aws-lc accepts no other generator.
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

/// Parses the stored public part.
pub fn public_jwk(record: &SigningKeyRecord) -> Result<Jwk, SigningKeyError> {
    serde_json::from_str(&record.public_jwk).map_err(|_| SigningKeyError::Corrupt(record.id))
}

#[cfg(test)]
pub(super) mod tests {
    use doorward_shared::public::CeremonyName;
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::Jwk as LibraryJwk};
    use uuid::Uuid;

    use super::*;
    use crate::clock::SystemEntropy;

    pub(crate) const TENANT: TenantId = TenantId::new(Uuid::from_u128(1));
    const KEY: SigningKeyId = SigningKeyId::new(Uuid::from_u128(2));
    /// A time in the year 2125, in seconds. It must be in the future, because jsonwebtoken compares `exp` with the
    /// system clock.
    const LATER: i64 = 4_900_000_000;

    pub(crate) fn master() -> MasterKey {
        MasterKey::from_bytes(&[7; 32]).unwrap()
    }

    pub(crate) fn record(id: SigningKeyId, algorithm: SigningAlgorithm, at: i64, from: i64) -> SigningKeyRecord {
        let (at, from) = (Timestamp::from_millis(at), Timestamp::from_millis(from));
        generate(TENANT, id, algorithm, at, from, &master(), &SystemEntropy::default()).unwrap()
    }

    pub(crate) fn claims() -> TokenClaims {
        TokenClaims {
            iss: "doorward".into(),
            sub: "user-1".into(),
            aud: vec!["example.com".into()],
            cred: "Y3JlZA".into(),
            iat: LATER - TOKEN_LIFETIME_SECONDS,
            exp: LATER,
            jti: "jti".into(),
            amr: vec!["pop".into(), "user".into()],
            ceremony: CeremonyName::Mfa,
            uv: true,
            acr: "aal2".into(),
            auth_time: LATER - TOKEN_LIFETIME_SECONDS,
            be: false,
            bs: false,
            attested: false,
            aaguid: None,
            trans: None,
        }
    }

    fn verify(token: &str, jwk: &str) -> jsonwebtoken::errors::Result<TokenClaims> {
        let jwk: LibraryJwk = serde_json::from_str(jwk)?;
        let mut validation = Validation::new(decode_header(token)?.alg);
        validation.set_audience(&["example.com"]);
        decode(token, &DecodingKey::from_jwk(&jwk)?, &validation).map(|token| token.claims)
    }

    #[test]
    fn tokens_of_every_algorithm_verify_only_with_the_published_key() {
        for &algorithm in SigningAlgorithm::ALL {
            let record = record(KEY, algorithm, 0, 0);
            let key = SigningKey::open(&record, &master()).unwrap();
            let token = key.sign(&claims()).unwrap();
            assert_eq!(verify(&token, &record.public_jwk).unwrap(), claims(), "{algorithm}");

            let (header, _) = token.split_once('.').unwrap();
            let header: serde_json::Value =
                serde_json::from_slice(Base64Url::decode(header).unwrap().as_bytes()).unwrap();
            assert_eq!(header, serde_json::json!({"alg": algorithm.as_str(), "kid": KEY.to_string(), "typ": "JWT"}));

            let parts: Vec<_> = token.split('.').collect();
            let other = TokenClaims { sub: "user-2".into(), ..claims() };
            let other = Base64Url::encode(&serde_json::to_vec(&other).unwrap());
            let forged = [parts[0], &other, parts[2]].join(".");
            assert!(verify(&forged, &record.public_jwk).is_err(), "{algorithm}");
            let stranger = self::record(KEY, algorithm, 0, 0);
            assert!(verify(&token, &stranger.public_jwk).is_err(), "{algorithm}");
        }
    }

    #[test]
    fn jwk_has_the_public_members_of_its_type_and_no_private_ones() {
        for (algorithm, members) in [
            (SigningAlgorithm::Es256, ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice()),
            (SigningAlgorithm::Rs256, &["alg", "e", "kid", "kty", "n", "use"]),
            (SigningAlgorithm::EdDsa, &["alg", "crv", "kid", "kty", "use", "x"]),
        ] {
            let record = record(KEY, algorithm, 0, 0);
            let jwk: serde_json::Map<_, _> = serde_json::from_str(&record.public_jwk).unwrap();
            let mut names: Vec<_> = jwk.keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, members);
            assert_eq!(jwk["use"], "sig");
        }
        let rsa = public_jwk(&record(KEY, SigningAlgorithm::Rs256, 0, 0)).unwrap();
        assert_eq!(Base64Url::decode(&rsa.n.unwrap()).unwrap().as_bytes().len(), 256);
        assert_eq!(rsa.e.as_deref(), Some("AQAB"));
    }

    #[test]
    fn damaged_or_misplaced_key_is_rejected() {
        let good = record(KEY, SigningAlgorithm::Es256, 0, 0);
        let elsewhere = SigningKeyRecord { tenant_id: TenantId::new(Uuid::from_u128(9)), ..good.clone() };
        assert!(matches!(SigningKey::open(&elsewhere, &master()), Err(SigningKeyError::Master(_))));
        let other_public =
            SigningKeyRecord { public_jwk: record(KEY, SigningAlgorithm::Es256, 0, 0).public_jwk, ..good.clone() };
        assert!(matches!(SigningKey::open(&other_public, &master()), Err(SigningKeyError::Corrupt(KEY))));
        let other_algorithm = SigningKeyRecord { algorithm: SigningAlgorithm::EdDsa, ..good.clone() };
        assert!(matches!(SigningKey::open(&other_algorithm, &master()), Err(SigningKeyError::Corrupt(KEY))));
        let no_jwk = SigningKeyRecord { public_jwk: "{}".into(), ..good };
        assert!(matches!(SigningKey::open(&no_jwk, &master()), Err(SigningKeyError::Corrupt(KEY))));
    }

    #[test]
    fn debug_prints_no_key() {
        let record = record(KEY, SigningAlgorithm::Es256, 0, 0);
        let key = SigningKey::open(&record, &master()).unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ id: {KEY:?}, algorithm: Es256, .. }}"));
    }
}
