//! The fields of the configuration form.

/// A field of a tenant's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConfigField {
    RpId,
    RpName,
    RpIcon,
    Origin,
    Timeout,
    Verification,
    Attachment,
    Attestation,
    ResidentKey,
    MfaTimeout,
    MfaVerification,
    MfaAttachment,
    MfaAttestation,
    MfaResidentKey,
    CorsOrigin,
    CorsWildcard,
}

/// A group of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    RelyingParty,
    Passkeys,
    SecondFactors,
    Browsers,
}

impl Group {
    /// Returns the heading of the group.
    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::RelyingParty => "Relying party",
            Self::Passkeys => "Passkeys",
            Self::SecondFactors => "Second factors",
            Self::Browsers => "Browser access (CORS)",
        }
    }
}

impl ConfigField {
    /// Returns the group of the field.
    pub(super) const fn group(self) -> Group {
        match self {
            Self::RpId | Self::RpName | Self::RpIcon | Self::Origin => Group::RelyingParty,
            Self::Timeout | Self::Verification | Self::Attachment | Self::Attestation | Self::ResidentKey => {
                Group::Passkeys
            }
            Self::CorsOrigin | Self::CorsWildcard => Group::Browsers,
            _ => Group::SecondFactors,
        }
    }

    /// Returns the label of the field.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::RpId => "RP ID",
            Self::RpName => "Display name",
            Self::RpIcon => "Icon",
            Self::Origin => "Origin",
            Self::Timeout | Self::MfaTimeout => "Timeout (ms)",
            Self::Verification | Self::MfaVerification => "User verification",
            Self::Attachment | Self::MfaAttachment => "Attachment",
            Self::Attestation | Self::MfaAttestation => "Attestation",
            Self::ResidentKey | Self::MfaResidentKey => "Resident key",
            Self::CorsOrigin => "Allowed origin",
            Self::CorsWildcard => "Bare * allowed",
        }
    }

    /// Returns an explanation of the field.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::RpId => "domain of the passkeys; existing passkeys stop working if it changes",
            Self::RpName => "name that users see in the browser's dialog",
            Self::RpIcon => "URL of an image, for clients that show one",
            Self::Origin => "https://… or android:apk-key-hash:…; an empty value is removed",
            Self::Timeout => "maximum duration of a ceremony",
            Self::MfaTimeout => "maximum duration of a ceremony; empty: same as for passkeys",
            Self::Verification | Self::MfaVerification => {
                "whether the authenticator verifies its user (PIN, biometrics)"
            }
            Self::Attachment | Self::MfaAttachment => {
                "platform: built into the device; cross-platform: security keys and phones"
            }
            Self::Attestation | Self::MfaAttestation => "how much the authenticator reveals about its model",
            Self::ResidentKey | Self::MfaResidentKey => "whether the credential is discoverable, without a user name",
            Self::CorsOrigin => "origin of pages that may call the API; wildcards: * and ?; an empty value is removed",
            Self::CorsWildcard => "yes allows every page to call the API",
        }
    }

    /// Returns the field's path in the configuration.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::RpId => "webauthn.relying_party.id",
            Self::RpName => "webauthn.relying_party.display_name",
            Self::RpIcon => "webauthn.relying_party.icon",
            Self::Origin => "webauthn.relying_party.origins",
            Self::Timeout => "webauthn.timeout",
            Self::Verification => "webauthn.user_verification",
            Self::Attachment => "webauthn.attachment",
            Self::Attestation => "webauthn.attestation_preference",
            Self::ResidentKey => "webauthn.resident_key_requirement",
            Self::MfaTimeout => "mfa.timeout",
            Self::MfaVerification => "mfa.user_verification",
            Self::MfaAttachment => "mfa.attachment",
            Self::MfaAttestation => "mfa.attestation_preference",
            Self::MfaResidentKey => "mfa.resident_key_requirement",
            Self::CorsOrigin => "cors.allowed_origins",
            Self::CorsWildcard => "cors.allow_unsafe_wildcard",
        }
    }

    /// Returns whether the field is a list with one row per value.
    pub(super) const fn is_list(self) -> bool {
        matches!(self, Self::Origin | Self::CorsOrigin)
    }

    /// Returns the field that follows a list.
    pub(super) const fn after_list(self) -> Self {
        match self {
            Self::Origin => Self::Timeout,
            _ => Self::CorsWildcard,
        }
    }
}
