//! API keys, signing keys and admin tokens. A secret is returned only once, when it is created.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{TenantId, Timestamp};

text_enum! {
    /// Role of an admin token.
    pub enum Role {
        /// May call every operation.
        Admin => "admin",
        /// May read everything and change nothing.
        Auditor => "auditor",
        /// May read the metrics and nothing else.
        Metrics => "metrics",
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

/// Creates an API key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateSecretRequest {
    /// Display name, 1 to 128 characters. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 128, example = "backend")
    )]
    pub name: Option<String>,
    /// Expiry time. Without it, the secret does not expire.
    pub expires_at: Option<Timestamp>,
}

/// A newly created secret. Only this response contains it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedSecret {
    /// Id of the secret.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// The secret itself. It cannot be retrieved again.
    pub secret: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Expiry time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for CreatedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedSecret").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A secret in a list, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretItem {
    /// Id of the secret.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// First characters of the secret, to distinguish it from other secrets.
    pub hint: String,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last accepted use, with a precision of one minute.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
    /// Expiry time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
    /// Time at which an administrator disabled the API key. Absent while it is enabled, and for admin tokens.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disabled_at: Option<Timestamp>,
}

/// Creates a signing key. The new key replaces the current key at the time `signs_from` of the response.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateSigningKeyRequest {
    /// Signing algorithm. Default: the algorithm of the current key.
    pub algorithm: Option<SigningAlgorithm>,
}

/// A signing key in a list, without its private part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKeyItem {
    /// Id of the key: the `kid` of the tokens that it signs.
    pub id: Uuid,
    /// Signing algorithm.
    pub algorithm: SigningAlgorithm,
    /// Creation time. The key is published from this time on.
    pub created_at: Timestamp,
    /// Time from which the key signs.
    pub signs_from: Timestamp,
    /// Time at which the key stops signing. The key stays published for 6 more minutes, until the last tokens that it
    /// signed have expired.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retired_at: Option<Timestamp>,
    /// Time at which the key was removed from the JWKS.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub withdrawn_at: Option<Timestamp>,
    /// Whether the key signs tokens now.
    pub signing: bool,
    /// Time at which automatic rotation (the setting `token.rotate_every`) replaces the key. Present only for the
    /// newest key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rotates_at: Option<Timestamp>,
}

/// Response to the withdrawal of a signing key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawnSigningKey {
    /// The withdrawn key.
    pub withdrawn: SigningKeyItem,
    /// The key that signs now.
    pub signing: SigningKeyItem,
    /// Consequences for verifiers, as human-readable text.
    pub notice: String,
}

/// An admin token in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminTokenItem {
    /// Fields that all secrets have.
    #[serde(flatten)]
    pub secret: SecretItem,
    /// Role of the token.
    pub role: Role,
    /// The tenants that the token may use. Absent if the token may use all tenants and the installation itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenants: Option<Vec<TenantId>>,
    /// Names of these tenants, in the same order. Absent if `tenants` is absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant_names: Option<Vec<String>>,
}

impl AdminTokenItem {
    /// Returns the names of the token's tenants in quotation marks. If the server sent no names, returns the ids of the
    /// tenants. For a token that is not limited, returns `all`.
    #[must_use]
    pub fn tenants_text(&self) -> String {
        match (&self.tenant_names, &self.tenants) {
            (Some(names), _) => names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "),
            (None, Some(ids)) => ids.iter().map(TenantId::to_string).collect::<Vec<_>>().join(", "),
            (None, None) => "all".to_owned(),
        }
    }
}

/// Creates an admin token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateAdminTokenRequest {
    /// Display name, 1 to 128 characters. Audit entries contain it as the actor. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 128, example = "alice")
    )]
    pub name: Option<String>,
    /// Role of the token. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub role: Option<Role>,
    /// Limits the token to these tenants, at most 100. The token can then use only the endpoints of these tenants, the
    /// lists of tenants, `/me`, `/mds` and `/config/check`. Not allowed for the role `metrics`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenants: Option<Vec<TenantId>>,
    /// Expiry time. Without it, the secret does not expire.
    pub expires_at: Option<Timestamp>,
}
