//! Tenants and what they decide about their ceremonies.

use doorward_shared::{
    TenantId, Timestamp,
    config::{Attachment, AttestationPreference, ResidentKey, TenantConfig, UserVerification},
};
use serde::{Deserialize, Serialize};

/// A tenant: one relying party with its own users, keys and audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name for people.
    pub display_name: String,
    /// What it decides; `mfa` is always present here.
    pub config: TenantConfig,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its name or configuration last changed.
    pub updated_at: Timestamp,
}

/// The relying party as a ceremony needs it, kept with the challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelyingPartyPolicy {
    /// RP ID.
    pub id: String,
    /// What people see.
    pub name: String,
    /// URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icon: Option<String>,
    /// Origins whose ceremonies are accepted.
    pub origins: Vec<String>,
}

/// What the tenant asks of a ceremony, kept with the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CeremonyPolicy {
    /// Whether the authenticator must verify its user.
    pub user_verification: UserVerification,
    /// Where the authenticator must be.
    pub attachment: Option<Attachment>,
    /// How much the authenticator should tell about itself.
    pub attestation: AttestationPreference,
    /// Whether the credential must be discoverable.
    pub resident_key: ResidentKey,
    /// Milliseconds until the challenge expires.
    pub timeout_ms: u32,
}

impl Tenant {
    /// The relying party of all the tenant's ceremonies.
    #[must_use]
    pub fn relying_party(&self) -> RelyingPartyPolicy {
        let rp = &self.config.webauthn.relying_party;
        RelyingPartyPolicy {
            id: rp.id.clone(),
            name: rp.display_name.clone(),
            icon: rp.icon.clone(),
            origins: rp.origins.clone(),
        }
    }

    /// What passkey ceremonies and transactions ask for.
    #[must_use]
    pub fn passkey_policy(&self) -> CeremonyPolicy {
        let webauthn = &self.config.webauthn;
        CeremonyPolicy {
            user_verification: webauthn.user_verification,
            attachment: webauthn.attachment,
            attestation: webauthn.attestation_preference,
            resident_key: webauthn.resident_key_requirement,
            timeout_ms: webauthn.timeout,
        }
    }

    /// What second-factor ceremonies ask for.
    #[must_use]
    pub fn mfa_policy(&self) -> CeremonyPolicy {
        let mfa = self.config.mfa.clone().unwrap_or_default();
        CeremonyPolicy {
            user_verification: mfa.user_verification,
            attachment: mfa.attachment,
            attestation: mfa.attestation_preference,
            resident_key: mfa.resident_key_requirement,
            timeout_ms: mfa.timeout.unwrap_or(self.config.webauthn.timeout),
        }
    }
}
