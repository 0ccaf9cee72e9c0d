//! Tokens: their claims, and the request that redeems one.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::CeremonyName;
#[cfg(feature = "openapi")]
use crate::Base64Url;

/// Claims of a token (RFC 7519).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenClaims {
    /// Issuer: the name of the installation.
    pub iss: String,
    /// Subject: the user id, which is the application's own id for the user.
    #[cfg_attr(feature = "openapi", schema(example = "42"))]
    pub sub: String,
    /// Audience: the RP ID. If the tenant's `token_audience` is `ceremony`, a slash and the ceremony follow.
    pub aud: Vec<String>,
    /// Id of the credential, base64url.
    #[cfg_attr(feature = "openapi", schema(value_type = Base64Url))]
    pub cred: String,
    /// Issue time in seconds since the Unix epoch.
    pub iat: i64,
    /// Expiry time: 300 seconds after `iat`.
    pub exp: i64,
    /// Id of the token.
    pub jti: String,
    /// Authentication methods (RFC 8176). Always contains `pop`. Contains `user` if the authenticator detected user
    /// presence, which may be missing in an automatic passkey upgrade, and `mfa` if the user was verified. `hwk` and
    /// `swk` are not stated: see `attested`, `aaguid` and `acr`.
    pub amr: Vec<String>,
    /// Ceremony that the token completes.
    pub ceremony: CeremonyName,
    /// Whether the authenticator verified its user.
    pub uv: bool,
    /// Level of assurance of the ceremony, with the name that the tenant's setting `acr` gives it.
    #[cfg_attr(feature = "openapi", schema(example = "aal2"))]
    pub acr: String,
    /// Time at which the authenticator's response was verified, in seconds since the Unix epoch.
    pub auth_time: i64,
    /// Whether the credential may be backed up.
    pub be: bool,
    /// Whether the credential is backed up.
    pub bs: bool,
    /// Whether a verified attestation proves the model of the authenticator.
    pub attested: bool,
    /// Model of the authenticator (AAGUID). Present only if `attested` is true and the model has an AAGUID.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub aaguid: Option<Uuid>,
    /// The application's own id for the transaction. Present only if the ceremony is a transaction.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trans: Option<String>,
}

/// Redeems a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RedeemTokenRequest {
    /// A token of this tenant, as a finalize request returned it. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(
            required = true,
            nullable = false,
            min_length = 1,
            example = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl"
        )
    )]
    pub token: Option<String>,
}
