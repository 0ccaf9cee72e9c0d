//! Credentials in both APIs.

use serde::{Deserialize, Serialize};

use crate::{AttestationTrust, Base64Url, Timestamp};

/// A registered credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialItem {
    /// Id of the credential, base64url.
    pub id: Base64Url,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Public key in COSE form, base64url (RFC 9052 §7).
    pub public_key: Base64Url,
    /// Format of the attestation statement if it was verified, otherwise `none`.
    #[cfg_attr(feature = "openapi", schema(example = "none"))]
    pub attestation_type: String,
    /// Format that the attestation object states, even if the statement was not verified.
    pub attestation_stated: String,
    /// Whether the attestation statement was verified. `attestation_trust` states what the attestation proves.
    pub attested: bool,
    /// What the attestation proves.
    pub attestation_trust: AttestationTrust,
    /// Algorithm of the key, such as `ES256` or `EdDSA`.
    pub algorithm: String,
    /// Signature counter of the last ceremony. Always 0 if the authenticator has no counter.
    pub sign_count: u32,
    /// Model of the authenticator (AAGUID), as the authenticator stated it.
    pub aaguid: uuid::Uuid,
    /// Name of the model, if the FIDO metadata or Doorward's own list contains it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// Whether the model is proven: `attestation_trust` is `chain`.
    pub model_verified: bool,
    /// Time at which the credential was last used in a completed ceremony.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_used_at: Option<Timestamp>,
    /// Registration time.
    pub created_at: Timestamp,
    /// Time at which an administrator disabled the credential. Absent while it is enabled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub disabled_at: Option<Timestamp>,
    /// Transports of the authenticator.
    pub transports: Vec<String>,
    /// Whether the credential may be backed up or synchronised.
    pub backup_eligible: bool,
    /// Whether the credential was backed up at its last use.
    pub backup_state: bool,
    /// Whether the credential is only a second factor.
    pub is_mfa: bool,
    /// Whether the credential is discoverable, as the browser reported it at registration with the extension `credProps`.
    /// The report is not signed. Absent if the browser reported nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub discoverable: Option<bool>,
    /// User id: the application's own id for the user.
    #[cfg_attr(feature = "openapi", schema(example = "42"))]
    pub user_id: String,
}

/// Renames a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialPatch {
    /// New name, 1 to 128 characters. Required.
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, nullable = false, min_length = 1, max_length = 128, example = "Blue key")
    )]
    pub name: Option<String>,
}
