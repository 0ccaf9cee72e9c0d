//! API keys, signing keys and admin tokens. A secret is answered once, when it is made.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

text_enum! {
    /// What an admin token may do.
    pub enum Role {
        /// Everything.
        Admin => "admin",
        /// Read, but change nothing.
        Auditor => "auditor",
    }
}

text_enum! {
    /// Algorithms of signing keys (RFC 7518, RFC 8037).
    pub enum SigningAlgorithm {
        /// ECDSA on P-256 with SHA-256.
        Es256 => "ES256",
        /// RSA 2048, PKCS #1 v1.5, with SHA-256.
        Rs256 => "RS256",
        /// Ed25519.
        EdDsa => "EdDSA",
    }
}

/// Creates an API key or an admin token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateSecretRequest {
    /// Its name for people, 1 to 128 characters. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub name: Option<String>,
    /// When it stops working; never when absent.
    pub expires_at: Option<Timestamp>,
}

/// A secret that was just made: the only answer that carries it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedSecret {
    /// Its id.
    pub id: Uuid,
    /// Its name for people.
    pub name: String,
    /// The secret itself. It cannot be asked for again.
    pub secret: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for CreatedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedSecret").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A secret in a list: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretItem {
    /// Its id.
    pub id: Uuid,
    /// Its name for people.
    pub name: String,
    /// How it begins, to tell it from others.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last accepted, to the minute.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
    /// When it stops working.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}

/// Creates a signing key, which signs from [`SigningKeyItem::signs_from`] on in place of the present one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateSigningKeyRequest {
    /// Its algorithm; the present key's when absent.
    pub algorithm: Option<SigningAlgorithm>,
}

/// A signing key: what is public of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKeyItem {
    /// Its id, `kid` in tokens.
    pub id: Uuid,
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    /// When it was made; it is published from then on.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub signs_from: Timestamp,
    /// When it stopped signing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retired_at: Option<Timestamp>,
    /// Whether tokens are signed with it now.
    pub signing: bool,
}

/// An admin token in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminTokenItem {
    /// What every secret has.
    #[serde(flatten)]
    pub secret: SecretItem,
    /// What it may do.
    pub role: Role,
}

/// Creates an admin token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateAdminTokenRequest {
    /// Its name for people, 1 to 128 characters; the actor of audit entries. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub name: Option<String>,
    /// What it may do; `admin` when absent.
    pub role: Option<Role>,
    /// When it stops working; never when absent.
    pub expires_at: Option<Timestamp>,
}
