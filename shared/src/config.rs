//! Configuration of a tenant, as the admin API accepts and returns it.

use serde::{Deserialize, Serialize};

text_enum! {
    /// WebAuthn §5.8.6: whether the authenticator must verify its user (PIN, biometrics).
    pub enum UserVerification {
        /// Reject responses without user verification.
        Required => "required",
        /// Verify if possible.
        Preferred => "preferred",
        /// Do not request verification.
        Discouraged => "discouraged",
    }
}

text_enum! {
    /// WebAuthn §5.4.6: whether the credential must be discoverable without an id.
    pub enum ResidentKey {
        /// Only discoverable credentials (passkeys).
        Required => "required",
        /// Discoverable if possible.
        Preferred => "preferred",
        /// Prefer credentials that use no storage on the authenticator.
        Discouraged => "discouraged",
    }
}

text_enum! {
    /// WebAuthn §5.4.5: how the authenticator is attached.
    pub enum Attachment {
        /// Built into the user's device.
        Platform => "platform",
        /// A roaming authenticator, such as a security key.
        CrossPlatform => "cross-platform",
    }
}

text_enum! {
    /// WebAuthn §5.4.7: which attestation the authenticator should send.
    pub enum AttestationPreference {
        /// No attestation.
        None => "none",
        /// An attestation that the client may anonymise.
        Indirect => "indirect",
        /// The attestation statement of the authenticator.
        Direct => "direct",
        /// A statement that may identify the individual device.
        Enterprise => "enterprise",
    }
}

/// Configuration of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantConfig {
    /// Web pages that may call the public API from a browser.
    #[serde(default)]
    pub cors: Cors,
    /// Settings of passkeys: registration, login and transactions.
    pub webauthn: Webauthn,
    /// Settings of second factors. If a change omits them, the current settings are kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mfa: Option<Mfa>,
}

/// Cross-origin access to the public API.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cors {
    /// Origins. A `*` before a registrable domain or `localhost` stands for one or more whole labels, as in
    /// `https://*.example.com`.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Whether `*` (any characters, or every page if it is alone) and `?` (one character) are accepted in other places.
    /// Such a pattern may match pages of strangers.
    #[serde(default)]
    pub allow_unsafe_wildcard: bool,
}

/// Relying party (WebAuthn §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RelyingParty {
    /// RP ID: a domain that is equal to the host of every web origin or is a parent domain of it.
    pub id: String,
    /// Name shown in the browser's dialogue.
    pub display_name: String,
    /// URL of an icon, for clients that show one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon: Option<String>,
    /// Origins whose ceremonies are accepted: `https://…`, or `android:apk-key-hash:…`.
    pub origins: Vec<String>,
}

/// Settings of passkey ceremonies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webauthn {
    /// Relying party.
    pub relying_party: RelyingParty,
    /// Time limit of a ceremony in milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout: u32,
    /// Whether the authenticator must verify its user.
    #[serde(default = "required_verification")]
    pub user_verification: UserVerification,
    /// Required attachment of the authenticator. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attachment: Option<Attachment>,
    /// Attestation that the authenticator should send.
    #[serde(default = "direct_attestation")]
    pub attestation_preference: AttestationPreference,
    /// Whether the credential must be discoverable.
    #[serde(default = "required_resident_key")]
    pub resident_key_requirement: ResidentKey,
}

/// Settings of second-factor ceremonies. The relying party is [`Webauthn::relying_party`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mfa {
    /// Time limit of a ceremony in milliseconds. Default: that of passkeys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timeout: Option<u32>,
    /// Whether the authenticator must verify its user.
    #[serde(default = "preferred_verification")]
    pub user_verification: UserVerification,
    /// Required attachment of the authenticator. Null: any.
    #[serde(default = "cross_platform")]
    pub attachment: Option<Attachment>,
    /// Attestation that the authenticator should send.
    #[serde(default = "direct_attestation")]
    pub attestation_preference: AttestationPreference,
    /// Whether the credential must be discoverable.
    #[serde(default = "discouraged_resident_key")]
    pub resident_key_requirement: ResidentKey,
}

impl Default for Mfa {
    fn default() -> Self {
        Self {
            timeout: None,
            user_verification: preferred_verification(),
            attachment: cross_platform(),
            attestation_preference: direct_attestation(),
            resident_key_requirement: discouraged_resident_key(),
        }
    }
}

/// Default time limit of a ceremony in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u32 = 60_000;

const fn default_timeout() -> u32 {
    DEFAULT_TIMEOUT_MS
}
const fn required_verification() -> UserVerification {
    UserVerification::Required
}
const fn preferred_verification() -> UserVerification {
    UserVerification::Preferred
}
const fn direct_attestation() -> AttestationPreference {
    AttestationPreference::Direct
}
const fn required_resident_key() -> ResidentKey {
    ResidentKey::Required
}
const fn discouraged_resident_key() -> ResidentKey {
    ResidentKey::Discouraged
}
#[expect(clippy::unnecessary_wraps, reason = "serde requires the type of the field")]
const fn cross_platform() -> Option<Attachment> {
    Some(Attachment::CrossPlatform)
}

impl Webauthn {
    /// Returns the default settings for a relying party.
    #[must_use]
    pub fn for_relying_party(relying_party: RelyingParty) -> Self {
        Self {
            relying_party,
            timeout: default_timeout(),
            user_verification: required_verification(),
            attachment: None,
            attestation_preference: direct_attestation(),
            resident_key_requirement: required_resident_key(),
        }
    }
}
