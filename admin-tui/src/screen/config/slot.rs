//! The rows of the configuration's form.

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the configuration")]
pub enum Slot {
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

/// Rows that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Group {
    RelyingParty,
    Passkeys,
    SecondFactors,
    Browsers,
}

impl Group {
    /// Its heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::RelyingParty => "Relying party",
            Self::Passkeys => "Passkeys",
            Self::SecondFactors => "Second factors",
            Self::Browsers => "Browser access (CORS)",
        }
    }
}

impl Slot {
    /// Its group.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::RpId | Self::RpName | Self::RpIcon | Self::Origin => Group::RelyingParty,
            Self::Timeout | Self::Verification | Self::Attachment | Self::Attestation | Self::ResidentKey => {
                Group::Passkeys
            }
            Self::CorsOrigin | Self::CorsWildcard => Group::Browsers,
            _ => Group::SecondFactors,
        }
    }

    /// Its label.
    #[must_use]
    pub const fn label(self) -> &'static str {
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

    /// What to write there.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::RpId => "the domain passkeys belong to; changing it makes existing ones useless",
            Self::RpName => "what people see in the browser's dialogue",
            Self::RpIcon => "URL of a picture, for clients that show one",
            Self::Origin => "https://…, or android:apk-key-hash:…; empty removes it",
            Self::Timeout => "how long a ceremony may take",
            Self::MfaTimeout => "how long a ceremony may take; empty: as for passkeys",
            Self::Verification | Self::MfaVerification => "must the authenticator verify its user (PIN, biometrics)?",
            Self::Attachment | Self::MfaAttachment => "built into the device, roaming, or any",
            Self::Attestation | Self::MfaAttestation => "how much the authenticator should tell about itself",
            Self::ResidentKey | Self::MfaResidentKey => "must the credential be found without an id?",
            Self::CorsOrigin => "pages that may call the API; * and ? stand for any characters; empty removes it",
            Self::CorsWildcard => "yes opens the API to every page",
        }
    }

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

    /// Whether there may be any number of such rows.
    #[must_use]
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Origin | Self::CorsOrigin)
    }

    /// The row that follows a list's rows.
    pub(super) const fn after_list(self) -> Self {
        match self {
            Self::Origin => Self::Timeout,
            _ => Self::CorsWildcard,
        }
    }
}
