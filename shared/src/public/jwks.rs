//! Keys that verify a tenant's tokens (RFC 7517).

use serde::{Deserialize, Serialize};

use crate::{SigningKeyId, admin::SigningAlgorithm};

/// Response of `/.well-known/jwks.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwks {
    /// Every key that signs, will sign, or has signed a token that may still be valid. Newest keys first.
    pub keys: Vec<Jwk>,
}

/// Public key. `kty` determines which optional members are present (RFC 7518 §6, RFC 8037 §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwk {
    /// Type of the key: `EC`, `RSA` or `OKP`.
    #[cfg_attr(feature = "openapi", schema(example = "EC"))]
    pub kty: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[cfg_attr(feature = "openapi", schema(example = "sig"))]
    pub usage: String,
    /// Signing algorithm.
    pub alg: SigningAlgorithm,
    /// Id of the key: the `kid` in the header of the tokens that it signs.
    pub kid: SigningKeyId,
    /// Curve: `P-256` or `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(example = "P-256"))]
    pub crv: Option<String>,
    /// `EC` and `OKP`: the x coordinate, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub x: Option<String>,
    /// `EC`: the y coordinate, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub y: Option<String>,
    /// `RSA`: the modulus, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub n: Option<String>,
    /// `RSA`: the public exponent, base64url.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub e: Option<String>,
}
