//! A user's credentials.

use serde::{Deserialize, Serialize};

use crate::{Base64Url, Timestamp};

/// A registered credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialItem {
    /// The credential's id, base64url.
    pub id: Base64Url,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The public key in COSE form, base64url (RFC 9052 §7).
    pub public_key: Base64Url,
    /// The attestation statement's format; `none` where there was none.
    pub attestation_type: String,
    /// The authenticator's model.
    pub aaguid: uuid::Uuid,
    /// When it last ended a ceremony.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// How its authenticator can be reached.
    pub transports: Vec<String>,
    /// Whether it may be backed up or synchronised.
    pub backup_eligible: bool,
    /// Whether it was backed up when last used.
    pub backup_state: bool,
    /// Whether it is a second factor only.
    pub is_mfa: bool,
    /// The tenant's own id of the user.
    pub user_id: String,
}

/// Renames a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialPatch {
    /// The new name, 1 to 128 characters. Required.
    #[cfg_attr(feature = "openapi", schema(required = true, nullable = false))]
    pub name: Option<String>,
}
