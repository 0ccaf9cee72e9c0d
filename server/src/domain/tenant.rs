//! Tenants and their ceremony policies.

use doorward_shared::{
    TenantId, Timestamp,
    config::{
        Attachment, AttestationPreference, BackupEligibilityChange, CounterPolicy, ResidentKey, TenantConfig,
        UserVerification, Webauthn,
    },
};

/// Maximum lifetime of a challenge in milliseconds. The timeout in the options of a ceremony may be longer.
pub const MAX_LIFETIME_MS: u32 = 600_000;

/// A tenant: a relying party with its own users, keys and audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub display_name: String,
    pub config: TenantConfig,
    pub created_at: Timestamp,
    /// Time of the last change of the name or the configuration.
    pub updated_at: Timestamp,
    /// Time at which an administrator disabled the tenant; `None` while it is enabled.
    pub disabled_at: Option<Timestamp>,
}

/// Relying party of a ceremony.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingPartyPolicy {
    pub id: String,
    pub name: String,
    /// URL of an icon.
    pub icon: Option<String>,
    /// Accepted origins and patterns of subdomains, including the related origins.
    pub origins: Vec<String>,
    /// Origins of the top-level pages that may contain a page of the tenant in a frame.
    pub top_origins: Vec<String>,
}

/// Requirements of a ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CeremonyPolicy {
    pub user_verification: UserVerification,
    pub attachment: Option<Attachment>,
    pub attestation: AttestationPreference,
    pub resident_key: ResidentKey,
    /// Time that the browser should wait for the user, in milliseconds.
    pub timeout_ms: u32,
    /// Lifetime of the challenge in milliseconds.
    pub lifetime_ms: u32,
    /// Whether a credential may become eligible for backup.
    pub backup_eligibility_change: BackupEligibilityChange,
    pub counter_policy: CounterPolicy,
}

impl CeremonyPolicy {
    /// Returns the requirements of an automatic passkey upgrade. The password manager shows no dialog, so it cannot
    /// verify the user, use a security key, or ask for consent to an attestation.
    #[must_use]
    pub fn conditional(self) -> Self {
        let user_verification = match self.user_verification {
            UserVerification::Required => UserVerification::Preferred,
            other => other,
        };
        let attachment = self.attachment.filter(|attachment| *attachment == Attachment::Platform);
        Self { user_verification, attachment, attestation: AttestationPreference::None, ..self }
    }
}

impl Tenant {
    pub fn relying_party(&self) -> RelyingPartyPolicy {
        let rp = &self.config.webauthn.relying_party;
        RelyingPartyPolicy {
            id: rp.id.clone(),
            name: rp.display_name.clone(),
            icon: rp.icon.clone(),
            origins: [&*rp.origins, &*rp.related_origins].concat(),
            top_origins: rp.top_origins.clone(),
        }
    }

    /// Returns the requirements of passkey ceremonies and transactions.
    pub fn passkey_policy(&self) -> CeremonyPolicy {
        let webauthn = &self.config.webauthn;
        CeremonyPolicy {
            user_verification: webauthn.user_verification,
            attachment: webauthn.attachment,
            attestation: webauthn.attestation_preference,
            resident_key: webauthn.resident_key_requirement,
            timeout_ms: webauthn.timeout,
            lifetime_ms: webauthn.challenge_lifetime.unwrap_or(webauthn.timeout).min(MAX_LIFETIME_MS),
            backup_eligibility_change: webauthn.backup_eligibility_change,
            counter_policy: webauthn.counter_policy,
        }
    }

    pub fn mfa_policy(&self) -> CeremonyPolicy {
        let Webauthn { timeout, challenge_lifetime, backup_eligibility_change, counter_policy, .. } =
            self.config.webauthn;
        let mfa = &self.config.mfa;
        let timeout_ms = mfa.timeout.unwrap_or(timeout);
        let inherited = || challenge_lifetime.unwrap_or_default().max(timeout_ms);
        CeremonyPolicy {
            user_verification: mfa.user_verification,
            attachment: mfa.attachment,
            attestation: mfa.attestation_preference,
            resident_key: mfa.resident_key_requirement,
            timeout_ms,
            lifetime_ms: mfa.challenge_lifetime.unwrap_or_else(inherited).min(MAX_LIFETIME_MS),
            backup_eligibility_change,
            counter_policy,
        }
    }
}
