//! Configuration of a tenant, as the admin API accepts and returns it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    CoseAlgorithm,
    extensions::{Extension, RegistrationExtensions},
};

mod acr;
mod omitted;
mod trust;
mod values;

pub use acr::{AcrNames, AssuranceLevel};
pub use omitted::{KEPT, as_complete_change, with_omitted};
use omitted::{null_as, null_as_default};
pub use trust::{TrustMode, TrustPolicies, TrustPolicy};
pub use values::{AttestationFormat, CounterPolicy, Hint};

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
    pub enum ResidentKey ("resident key requirement") {
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

text_enum! {
    /// Audience (`aud`) of tokens.
    pub enum TokenAudience {
        /// The RP ID, for all ceremonies.
        RpId => "rp_id",
        /// The RP ID, a slash and the ceremony, such as `example.com/mfa`.
        Ceremony => "ceremony",
    }
}

text_enum! {
    /// What happens at a login if a credential was not eligible for backup before and now is (WebAuthn §6.1.3).
    pub enum BackupEligibilityChange {
        /// Accept the login and store the new value. Password managers change this flag when they import a credential.
        Accept => "accept",
        /// Reject the login, because the specification allows no change.
        Refuse => "refuse",
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
    /// Settings of second factors. If a change omits them, the current settings are kept; null means the defaults.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Mfa>))]
    pub mfa: Mfa,
    /// Names of the levels of assurance. Settings that a change omits keep their current values; null means the
    /// default.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<AcrNames>))]
    pub acr: AcrNames,
    /// Limits of the tenant. Settings that a change omits keep their current values; null means the default.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Limits>))]
    pub limits: Limits,
    /// Trust policies: which authenticators are accepted. Settings that a change omits keep their current values; null
    /// means the default.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TrustPolicies>))]
    pub trust: TrustPolicies,
}

impl TenantConfig {
    /// Returns the default configuration for a relying party. Its web origins may call the public API.
    #[must_use]
    pub fn for_relying_party(relying_party: RelyingParty) -> Self {
        Self {
            cors: Cors::for_relying_party(&relying_party),
            webauthn: Webauthn::for_relying_party(relying_party),
            mfa: Mfa::default(),
            acr: AcrNames::default(),
            limits: Limits::default(),
            trust: TrustPolicies::default(),
        }
    }
}

/// Limits of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Limits {
    /// Maximum number of credentials of a user, second factors included: 1 to 256, 32 by default.
    #[serde(deserialize_with = "null_as_credentials")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub credentials_per_user: u32,
    /// Maximum size of a transaction's data in bytes: 1 to 32 768, 8 192 by default.
    #[serde(deserialize_with = "null_as_data_bytes")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub transaction_data_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            credentials_per_user: DEFAULT_CREDENTIALS_PER_USER,
            transaction_data_bytes: DEFAULT_TRANSACTION_DATA_BYTES,
        }
    }
}

/// Cross-origin access to the public API.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cors {
    /// Allowed origins. A `*` before a registrable domain or `localhost` stands for one or more whole labels, as in
    /// `https://*.example.com`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 32, example = json!(["https://example.com"])))]
    pub allowed_origins: Vec<String>,
    /// Whether patterns in `allowed_origins` may contain `*` and `?` in any position. `*` stands for any characters,
    /// `?` for one character, and the pattern `*` matches every origin. Such patterns may match pages that other
    /// people control.
    #[serde(default)]
    pub allow_unsafe_wildcard: bool,
}

impl Cors {
    /// Creates a configuration that allows the origins and related origins of a relying party. Origins of apps
    /// (`android:apk-key-hash:…`) are left out, because apps send no cross-origin requests.
    #[must_use]
    pub fn for_relying_party(rp: &RelyingParty) -> Self {
        let origins = rp.origins.iter().chain(&rp.related_origins);
        let allowed_origins = origins.filter(|origin| origin.contains("://")).cloned().collect();
        Self { allowed_origins, allow_unsafe_wildcard: false }
    }
}

/// Relying party (WebAuthn §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RelyingParty {
    /// RP ID: a domain that is equal to the host of every web origin or is a parent domain of it.
    #[cfg_attr(feature = "openapi", schema(example = "example.com"))]
    pub id: String,
    /// Name shown in the browser's dialogue.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 128, example = "Shop"))]
    pub display_name: String,
    /// URL of an icon, for clients that show one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub icon: Option<String>,
    /// Origins whose ceremonies are accepted. The host of an origin `https://…` is the RP ID or a subdomain of it.
    /// `https://*.example.com` accepts all subdomains of a domain. Apps and browser extensions have the origins
    /// `android:apk-key-hash:…`, `chrome-extension://…` and `moz-extension://…`. At most 32 together with the related
    /// and top origins.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 32, example = json!(["https://example.com"])))]
    pub origins: Vec<String>,
    /// Origins of other domains whose ceremonies are accepted (WebAuthn §5.11). Browsers require that
    /// `https://<RP ID>/.well-known/webauthn` lists them too. If a change omits them, they keep their current values;
    /// null means none.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, max_items = 32, example = json!(["https://example.net"])))]
    pub related_origins: Vec<String>,
    /// Origins of top-level pages that may show pages of the tenant in a frame. The pages of the tenant can then run
    /// ceremonies in this frame. If the list is empty, ceremonies in cross-origin frames are refused. If a change omits
    /// the list, the current list is kept; null means none.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, max_items = 32, example = json!(["https://partner.example"])))]
    pub top_origins: Vec<String>,
}

impl RelyingParty {
    /// Creates a relying party without icon, related origins and top origins.
    #[must_use]
    pub const fn new(id: String, display_name: String, origins: Vec<String>) -> Self {
        Self { id, display_name, icon: None, origins, related_origins: Vec::new(), top_origins: Vec::new() }
    }
}

/// Settings of passkey ceremonies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webauthn {
    /// Relying party.
    pub relying_party: RelyingParty,
    /// Time limit of a ceremony in milliseconds.
    #[serde(default = "default_timeout")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1000, maximum = 3600000, default = 60000))]
    pub timeout: u32,
    /// Whether the authenticator must verify its user.
    #[serde(default = "required_verification")]
    #[cfg_attr(feature = "openapi", schema(default = "required"))]
    pub user_verification: UserVerification,
    /// Required attachment of the authenticator. Absent: any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attachment: Option<Attachment>,
    /// Attestation that the authenticator should send.
    #[serde(default = "direct_attestation")]
    #[cfg_attr(feature = "openapi", schema(default = "direct"))]
    pub attestation_preference: AttestationPreference,
    /// Whether the credential must be discoverable.
    #[serde(default = "required_resident_key")]
    #[cfg_attr(feature = "openapi", schema(default = "required"))]
    pub resident_key_requirement: ResidentKey,
    /// Audience of tokens. This applies to second factors too. If a change omits it, the current value is kept; null means
    /// the default, `rp_id`.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TokenAudience>))]
    pub token_audience: TokenAudience,
    /// Whether a credential may become eligible for backup. This applies to second factors too. If a change omits it, the
    /// current value is kept; null means the default, `accept`.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BackupEligibilityChange>))]
    pub backup_eligibility_change: BackupEligibilityChange,
    /// Algorithms of new credentials, in order of preference. This applies to second factors too. If a change omits
    /// them, they keep their current values; null means the default.
    #[serde(default = "default_algorithms", deserialize_with = "null_as_algorithms")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<CoseAlgorithm>>, min_items = 1, max_items = 8, example = json!(["EdDSA", "ES256", "RS256"])))]
    pub algorithms: Vec<CoseAlgorithm>,
    /// Whether the attestations of new credentials are kept, so that newer FIDO metadata can be applied to them. This
    /// applies to second factors too. If a change omits it, the current value is kept; null means the default, true.
    #[serde(default = "yes", deserialize_with = "null_as_yes")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>, default = true))]
    pub keep_attestation: bool,
    /// Time in milliseconds for which a challenge is valid. Default: the time limit of a ceremony, at most 10 minutes. A
    /// longer time suits logins by autofill, which wait until the user selects a passkey. If a change omits it, the
    /// current value is kept; null means the default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1000, maximum = 600000))]
    pub challenge_lifetime: Option<u32>,
    /// Kinds of authenticators that users probably have, most probable first. If a change omits them, they keep their
    /// current values; null means none.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Hint>>, max_items = 3))]
    pub hints: Vec<Hint>,
    /// Preferred formats of attestation statements, best first. This applies to second factors too. If a change omits
    /// them, they keep their current values; null means none.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<AttestationFormat>>, max_items = 8))]
    pub attestation_formats: Vec<AttestationFormat>,
    /// Whether registrations list the user's credentials in `excludeCredentials`, so that an authenticator with one of
    /// them does not create another. This applies to second factors too. If a change omits it, the current value is
    /// kept; null means the default, true.
    #[serde(default = "yes", deserialize_with = "null_as_yes")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub exclude_credentials: bool,
    /// Extensions that each registration requests. This applies to second factors too. If a change omits them, they
    /// keep their current values; null means none.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RegistrationExtensions>))]
    pub extensions: RegistrationExtensions,
    /// Extensions that initialize requests may contain. This applies to second factors too. If a change omits them,
    /// they keep their current values; null means all.
    #[serde(default = "all_extensions", deserialize_with = "null_as_all_extensions")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Extension>>, max_items = 5))]
    pub allowed_extensions: Vec<Extension>,
    /// What happens when a signature counter does not increase. This applies to second factors too. If a change omits it,
    /// the current value is kept; null means the default, `refuse`.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<CounterPolicy>))]
    pub counter_policy: CounterPolicy,
}

/// Settings of second-factor ceremonies. The relying party is [`Webauthn::relying_party`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mfa {
    /// Time limit of a ceremony in milliseconds. Default: that of passkeys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1000, maximum = 3600000))]
    pub timeout: Option<u32>,
    /// Whether the authenticator must verify its user.
    #[serde(default = "preferred_verification")]
    #[cfg_attr(feature = "openapi", schema(default = "preferred"))]
    pub user_verification: UserVerification,
    /// Required attachment of the authenticator. Null: any.
    #[serde(default = "cross_platform")]
    #[cfg_attr(feature = "openapi", schema(default = "cross-platform"))]
    pub attachment: Option<Attachment>,
    /// Attestation that the authenticator should send.
    #[serde(default = "direct_attestation")]
    #[cfg_attr(feature = "openapi", schema(default = "direct"))]
    pub attestation_preference: AttestationPreference,
    /// Whether the credential must be discoverable.
    #[serde(default = "discouraged_resident_key")]
    #[cfg_attr(feature = "openapi", schema(default = "discouraged"))]
    pub resident_key_requirement: ResidentKey,
    /// Time in milliseconds for which a challenge is valid. Default: that of passkeys, or `timeout` if `timeout` is
    /// longer. If a change omits it, the current value is kept; null means the default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1000, maximum = 600000))]
    pub challenge_lifetime: Option<u32>,
    /// Kinds of authenticators that users probably have, most probable first. If a change omits them, they keep their
    /// current values; null means none.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Hint>>, max_items = 3))]
    pub hints: Vec<Hint>,
}

impl Default for Mfa {
    fn default() -> Self {
        Self {
            timeout: None,
            challenge_lifetime: None,
            hints: Vec::new(),
            user_verification: preferred_verification(),
            attachment: cross_platform(),
            attestation_preference: direct_attestation(),
            resident_key_requirement: discouraged_resident_key(),
        }
    }
}

/// Default time limit of a ceremony in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u32 = 60_000;

/// Default maximum number of credentials of a user.
pub const DEFAULT_CREDENTIALS_PER_USER: u32 = 32;
/// Default maximum size of a transaction's data in bytes.
pub const DEFAULT_TRANSACTION_DATA_BYTES: u32 = 8 * 1024;

#[expect(clippy::derivable_impls, reason = "the macro that defines the enum derives no default")]
impl Default for TokenAudience {
    fn default() -> Self {
        Self::RpId
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that defines the enum derives no default")]
impl Default for BackupEligibilityChange {
    fn default() -> Self {
        Self::Accept
    }
}

fn null_as_credentials<'de, D: Deserializer<'de>>(reader: D) -> Result<u32, D::Error> {
    null_as(reader, DEFAULT_CREDENTIALS_PER_USER)
}
fn null_as_data_bytes<'de, D: Deserializer<'de>>(reader: D) -> Result<u32, D::Error> {
    null_as(reader, DEFAULT_TRANSACTION_DATA_BYTES)
}
fn null_as_algorithms<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<CoseAlgorithm>, D::Error> {
    null_as(reader, default_algorithms())
}

fn default_algorithms() -> Vec<CoseAlgorithm> {
    CoseAlgorithm::DEFAULT.to_vec()
}
fn null_as_yes<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    null_as(reader, yes())
}
fn null_as_all_extensions<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<Extension>, D::Error> {
    null_as(reader, all_extensions())
}

const fn yes() -> bool {
    true
}
fn all_extensions() -> Vec<Extension> {
    Extension::ALL.to_vec()
}
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
            token_audience: TokenAudience::default(),
            backup_eligibility_change: BackupEligibilityChange::default(),
            algorithms: default_algorithms(),
            keep_attestation: yes(),
            challenge_lifetime: None,
            hints: Vec::new(),
            attestation_formats: Vec::new(),
            exclude_credentials: yes(),
            extensions: RegistrationExtensions::default(),
            allowed_extensions: all_extensions(),
            counter_policy: CounterPolicy::default(),
        }
    }
}
