//! A tenant's configuration, as the admin API takes and answers it.

use serde::{Deserialize, Serialize};

text_enum! {
    /// WebAuthn §5.8.6: whether the authenticator must verify its user (PIN, biometrics).
    pub enum UserVerification {
        /// Refuse authenticators that did not verify their user.
        Required => "required",
        /// Verify where possible.
        Preferred => "preferred",
        /// Do not ask for it.
        Discouraged => "discouraged",
    }
}

text_enum! {
    /// WebAuthn §5.4.6: whether the credential must be discoverable without an id.
    pub enum ResidentKey {
        /// Only discoverable credentials (passkeys).
        Required => "required",
        /// Discoverable where possible.
        Preferred => "preferred",
        /// Prefer credentials that take no room on the authenticator.
        Discouraged => "discouraged",
    }
}

text_enum! {
    /// WebAuthn §5.4.5: where the authenticator must be.
    pub enum Attachment {
        /// Built into the user's device.
        Platform => "platform",
        /// A roaming authenticator, such as a security key.
        CrossPlatform => "cross-platform",
    }
}

text_enum! {
    /// WebAuthn §5.4.7: how much the authenticator should tell about itself.
    pub enum AttestationPreference {
        /// Nothing.
        None => "none",
        /// Something the client may anonymise.
        Indirect => "indirect",
        /// Its own statement.
        Direct => "direct",
        /// A statement that names the single device.
        Enterprise => "enterprise",
    }
}

/// Everything a tenant decides about its ceremonies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantConfig {
    /// Which web pages may call the public API from a browser.
    #[serde(default)]
    pub cors: Cors,
    /// Passkeys: registration, login and transactions.
    pub webauthn: Webauthn,
    /// Second factors. Left out in a change, the present values stay.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mfa: Option<Mfa>,
}

/// Cross-origin access to the public API.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cors {
    /// Origins, in which `*` and `?` stand for any characters and any one character.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// Accepts a bare `*`, which opens the API to every page.
    #[serde(default)]
    pub allow_unsafe_wildcard: bool,
}

/// The relying party, WebAuthn §4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RelyingParty {
    /// RP ID: a domain that every web origin equals or lies under.
    pub id: String,
    /// What people see in the browser's dialogue.
    pub display_name: String,
    /// URL of a picture, for clients that show one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon: Option<String>,
    /// Origins whose ceremonies are accepted: `https://…`, or `android:apk-key-hash:…`.
    pub origins: Vec<String>,
}

/// Settings of passkey ceremonies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webauthn {
    /// Who asks.
    pub relying_party: RelyingParty,
    /// How long a ceremony may take, in milliseconds.
    #[serde(default = "default_timeout")]
    pub timeout: u32,
    /// Whether the authenticator must verify its user.
    #[serde(default = "required_verification")]
    pub user_verification: UserVerification,
    /// Where the authenticator must be; anywhere when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attachment: Option<Attachment>,
    /// How much the authenticator should tell about itself.
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
    /// How long a ceremony may take, in milliseconds; the passkeys' value when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timeout: Option<u32>,
    /// Whether the authenticator must verify its user.
    #[serde(default = "preferred_verification")]
    pub user_verification: UserVerification,
    /// Where the authenticator must be; anywhere when null.
    #[serde(default = "cross_platform")]
    pub attachment: Option<Attachment>,
    /// How much the authenticator should tell about itself.
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

/// Milliseconds a ceremony may take where the tenant does not say.
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
#[expect(clippy::unnecessary_wraps, reason = "the shape serde's default wants")]
const fn cross_platform() -> Option<Attachment> {
    Some(Attachment::CrossPlatform)
}

impl Webauthn {
    /// The defaults for a relying party.
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
