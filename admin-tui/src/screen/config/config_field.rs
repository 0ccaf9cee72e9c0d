//! The fields of the configuration form.

use doorward_shared::{
    CoseAlgorithm,
    config::{
        Attachment, AttestationFormat, AttestationPreference, BackupEligibilityChange, CounterPolicy, Hint,
        ResidentKey, TokenAudience, UserVerification,
    },
    extensions::{CredentialProtection, Extension},
};

pub(super) const ANY: &str = "any";

#[derive(Debug)]
pub(super) struct ConfigField {
    pub(super) group: Group,
    /// Path in the JSON form of the configuration, as in validation errors.
    pub(super) path: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    OptionalText,
    Milliseconds,
    OptionalMilliseconds,
    Number,
    YesNo,
    /// Like `YesNo`, with [`ANY`] for an absent value.
    OptionalYesNo,
    /// Any number of texts, each in its own row.
    List,
    /// Any number of the texts that the function returns, each in its own row.
    ListOf(fn() -> Vec<&'static str>),
    /// Like `ListOf`; an empty list means an absent value.
    OptionalListOf(fn() -> Vec<&'static str>),
    /// Any number of AAGUIDs, each in its own row.
    Models,
    /// Like `Models`; an empty list means an absent value.
    OptionalModels,
    Choice(fn() -> Vec<&'static str>),
    /// Like `Choice`, with [`ANY`] for an absent value.
    OptionalChoice(fn() -> Vec<&'static str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    RelyingParty,
    Passkeys,
    SecondFactors,
    Options,
    TokensAndLimits,
    OtherSites,
    Browsers,
    PasskeyTrust,
    SecondFactorTrust,
}

impl Group {
    /// All groups, in the order of the form.
    pub(super) const ALL: [Self; 9] = [
        Self::RelyingParty,
        Self::Passkeys,
        Self::SecondFactors,
        Self::Options,
        Self::TokensAndLimits,
        Self::OtherSites,
        Self::Browsers,
        Self::PasskeyTrust,
        Self::SecondFactorTrust,
    ];

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::RelyingParty => "Relying party",
            Self::Passkeys => "Passkeys",
            Self::SecondFactors => "Second factors",
            Self::Options => "Options of registrations, extensions",
            Self::TokensAndLimits => "Tokens, algorithms, limits",
            Self::OtherSites => "Other domains, frames",
            Self::Browsers => "Browser access (CORS)",
            Self::PasskeyTrust => "Trust policy of passkeys",
            Self::SecondFactorTrust => "Trust policy of second factors",
        }
    }
}

impl ConfigField {
    /// Returns whether the field is a list with one row per value.
    pub(super) const fn is_list(&self) -> bool {
        matches!(
            self.kind,
            Kind::List | Kind::ListOf(_) | Kind::OptionalListOf(_) | Kind::Models | Kind::OptionalModels
        )
    }
}

pub(super) const fn field(
    group: Group,
    path: &'static str,
    label: &'static str,
    hint: &'static str,
    kind: Kind,
) -> ConfigField {
    ConfigField { group, path, label, hint, kind }
}

fn verifications() -> Vec<&'static str> {
    UserVerification::ALL.iter().map(|it| it.as_str()).collect()
}

fn attachments() -> Vec<&'static str> {
    Attachment::ALL.iter().map(|it| it.as_str()).collect()
}

fn attestations() -> Vec<&'static str> {
    AttestationPreference::ALL.iter().map(|it| it.as_str()).collect()
}

fn resident_keys() -> Vec<&'static str> {
    ResidentKey::ALL.iter().map(|it| it.as_str()).collect()
}

fn audiences() -> Vec<&'static str> {
    TokenAudience::ALL.iter().map(|it| it.as_str()).collect()
}

fn backup_changes() -> Vec<&'static str> {
    BackupEligibilityChange::ALL.iter().map(|it| it.as_str()).collect()
}

fn counter_policies() -> Vec<&'static str> {
    CounterPolicy::ALL.iter().map(|it| it.as_str()).collect()
}

fn hints() -> Vec<&'static str> {
    Hint::ALL.iter().map(|it| it.as_str()).collect()
}

fn attestation_formats() -> Vec<&'static str> {
    AttestationFormat::ALL.iter().map(|it| it.as_str()).collect()
}

fn protections() -> Vec<&'static str> {
    CredentialProtection::ALL.iter().map(|it| it.as_str()).collect()
}

fn extensions() -> Vec<&'static str> {
    Extension::ALL.iter().map(|it| it.as_str()).collect()
}

pub(super) fn algorithms() -> Vec<&'static str> {
    CoseAlgorithm::ALL.iter().map(|it| it.as_str()).collect()
}

const VERIFICATION: &str = "whether the authenticator verifies its user (PIN, biometrics)";
const ATTACHMENT: &str = "platform: built into the device; cross-platform: security keys and phones";
const ATTESTATION: &str = "how much the authenticator reveals about its model";
const RESIDENT_KEY: &str = "whether the credential is discoverable, without a user name";

/// All fields except those of the trust policies, in the order of the form.
pub(super) static FIELDS: [ConfigField; 39] = {
    use Group::{Browsers, Options, OtherSites, Passkeys, RelyingParty, SecondFactors, TokensAndLimits};
    use Kind::{
        Choice, List, ListOf, Milliseconds, Number, OptionalChoice, OptionalMilliseconds, OptionalText, OptionalYesNo,
        Text, YesNo,
    };
    const RP_ID: &str = "domain of the passkeys; existing passkeys stop working if it changes";
    const ORIGIN: &str = "https://…, https://*.…, android:apk-key-hash:… or an extension; an empty value is removed";
    const RELATED: &str =
        "page of another domain; publish https://RP ID/.well-known/webauthn; an empty value is removed";
    const TOP: &str = "page that may run ceremonies in a frame; an empty value is removed";
    const LIFETIME: &str = "of a challenge; longer than the timeout for autofill; empty: same as the timeout";
    const MFA_LIFETIME: &str = "of a challenge; empty: same as for passkeys, or the timeout if it is longer";
    const HINTS: &str = "authenticators that users probably have: security-key client-device hybrid";
    const FORMATS: &str = "preferred formats of attestation statements, best first: packed tpm android-key …";
    const EXCLUDE: &str = "no: an authenticator may create a second credential for the same user";
    const KEEP: &str = "yes: newer FIDO metadata is applied to the attestations of existing credentials";
    const CRED_PROPS: &str = "yes asks whether new credentials are discoverable; any: not requested";
    const PROTECTION: &str = "when security keys reveal new credentials (credProtect); any: not requested";
    const ENFORCE: &str = "yes refuses security keys without credProtect; any: not requested";
    const PIN_LENGTH: &str = "yes asks security keys for their minimum PIN length; any: not requested";
    const ALLOWED: &str = "extensions of calls: credProps credProtect minPinLength largeBlob prf";
    const COUNTER: &str = "record: accept and record synced credentials whose counter does not increase";
    const MFA_TIMEOUT: &str = "maximum duration of a ceremony; empty: same as for passkeys";
    const AUDIENCE: &str = "aud of tokens: the RP ID, or RP ID/ceremony, such as example.com/mfa";
    const ACR: &str = "name of this level of assurance in tokens (acr) and in min_acr";
    const BACKUP: &str = "refuse: a credential may not become eligible for backup after its registration";
    const ALGORITHM: &str = "of new credentials, best first: EdDSA ES256 RS256 ES384 ES512 ML-DSA-44 -65 -87";
    const CREDENTIALS: &str = "credentials of a user, second factors included: 1 to 256";
    const DATA_BYTES: &str = "bytes of transaction_data: 1 to 32768";
    const CORS: &str = "origin of pages that may call the API; wildcards: * and ?; an empty value is removed";
    [
        field(RelyingParty, "webauthn.relying_party.id", "RP ID", RP_ID, Text),
        field(
            RelyingParty,
            "webauthn.relying_party.display_name",
            "Display name",
            "name that users see in the browser's dialog",
            Text,
        ),
        field(
            RelyingParty,
            "webauthn.relying_party.icon",
            "Icon",
            "URL of an image, for clients that show one",
            OptionalText,
        ),
        field(RelyingParty, "webauthn.relying_party.origins", "Origin", ORIGIN, List),
        field(Passkeys, "webauthn.timeout", "Timeout (ms)", "maximum duration of a ceremony", Milliseconds),
        field(Passkeys, "webauthn.challenge_lifetime", "Lifetime (ms)", LIFETIME, OptionalMilliseconds),
        field(Passkeys, "webauthn.user_verification", "User verification", VERIFICATION, Choice(verifications)),
        field(Passkeys, "webauthn.attachment", "Attachment", ATTACHMENT, OptionalChoice(attachments)),
        field(Passkeys, "webauthn.attestation_preference", "Attestation", ATTESTATION, Choice(attestations)),
        field(Passkeys, "webauthn.resident_key_requirement", "Resident key", RESIDENT_KEY, Choice(resident_keys)),
        field(Passkeys, "webauthn.hints", "Hint", HINTS, ListOf(hints)),
        field(SecondFactors, "mfa.timeout", "Timeout (ms)", MFA_TIMEOUT, OptionalMilliseconds),
        field(SecondFactors, "mfa.challenge_lifetime", "Lifetime (ms)", MFA_LIFETIME, OptionalMilliseconds),
        field(SecondFactors, "mfa.user_verification", "User verification", VERIFICATION, Choice(verifications)),
        field(SecondFactors, "mfa.attachment", "Attachment", ATTACHMENT, OptionalChoice(attachments)),
        field(SecondFactors, "mfa.attestation_preference", "Attestation", ATTESTATION, Choice(attestations)),
        field(SecondFactors, "mfa.resident_key_requirement", "Resident key", RESIDENT_KEY, Choice(resident_keys)),
        field(SecondFactors, "mfa.hints", "Hint", HINTS, ListOf(hints)),
        field(Options, "webauthn.exclude_credentials", "Exclude existing", EXCLUDE, YesNo),
        field(Options, "webauthn.attestation_formats", "Format", FORMATS, ListOf(attestation_formats)),
        field(Options, "webauthn.keep_attestation", "Keep attestation", KEEP, YesNo),
        field(Options, "webauthn.extensions.credProps", "credProps", CRED_PROPS, OptionalYesNo),
        field(
            Options,
            "webauthn.extensions.credentialProtectionPolicy",
            "credProtect",
            PROTECTION,
            OptionalChoice(protections),
        ),
        field(
            Options,
            "webauthn.extensions.enforceCredentialProtectionPolicy",
            "Enforce protection",
            ENFORCE,
            OptionalYesNo,
        ),
        field(Options, "webauthn.extensions.minPinLength", "minPinLength", PIN_LENGTH, OptionalYesNo),
        field(Options, "webauthn.allowed_extensions", "Allowed extension", ALLOWED, ListOf(extensions)),
        field(TokensAndLimits, "webauthn.token_audience", "Token audience", AUDIENCE, Choice(audiences)),
        field(TokensAndLimits, "acr.aal1", "Level AAL1", ACR, Text),
        field(TokensAndLimits, "acr.aal2", "Level AAL2", ACR, Text),
        field(TokensAndLimits, "acr.aal3", "Level AAL3", ACR, Text),
        field(TokensAndLimits, "webauthn.backup_eligibility_change", "Backup change", BACKUP, Choice(backup_changes)),
        field(TokensAndLimits, "webauthn.counter_policy", "Counter policy", COUNTER, Choice(counter_policies)),
        field(TokensAndLimits, "limits.credentials_per_user", "Credentials/user", CREDENTIALS, Number),
        field(TokensAndLimits, "limits.transaction_data_bytes", "Transaction data", DATA_BYTES, Number),
        field(TokensAndLimits, "webauthn.algorithms", "Algorithm", ALGORITHM, ListOf(algorithms)),
        field(OtherSites, "webauthn.relying_party.related_origins", "Related origin", RELATED, List),
        field(OtherSites, "webauthn.relying_party.top_origins", "Top origin", TOP, List),
        field(Browsers, "cors.allowed_origins", "Allowed origin", CORS, List),
        field(Browsers, "cors.allow_unsafe_wildcard", "Bare * allowed", "yes allows every page to call the API", YesNo),
    ]
};
