//! The keys that verify a tenant's tokens (RFC 7517).

use serde::{Deserialize, Serialize};

use crate::{SigningKeyId, admin::SigningAlgorithm};

/// The answer of `/.well-known/jwks.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwks {
    /// Every key that signs, will sign, or has signed a token that may still be valid; the newest first.
    pub keys: Vec<Jwk>,
}

/// A public key. Which of the optional members are there depends on `kty` (RFC 7518 §6, RFC 8037 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwk {
    /// The key's type: `EC`, `RSA` or `OKP`.
    pub kty: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// What it signs with.
    pub alg: SigningAlgorithm,
    /// Its id, `kid` in the header of tokens.
    pub kid: SigningKeyId,
    /// The curve: `P-256` or `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crv: Option<String>,
    /// `EC`, `OKP`: the (first) coordinate, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub x: Option<String>,
    /// `EC`: the second coordinate, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub y: Option<String>,
    /// `RSA`: the modulus, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub n: Option<String>,
    /// `RSA`: the public exponent, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub e: Option<String>,
}
