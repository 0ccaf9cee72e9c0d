//! Trust policies: rules that judge credentials by the attestation, the model and other properties ([`TrustFacts`]).
//!
//! Rules that accept models (allow list, certification) require that the attestation proves the model. Rules that
//! refuse models (deny list, status) always apply, even to a model that is only stated. If the policy requires no
//! attestation, the rules that refuse models stop only honest users: an attacker can state another model.

use doorward_shared::{
    AttestationTrust, CoseAlgorithm,
    config::TrustPolicy,
    refusal::{Check, RefusalDetail},
};
use uuid::Uuid;

use super::{CertificateKeyId, Credential, Metadata};

pub mod conflicts;
pub mod requirements;
#[cfg(test)]
mod tests;

pub use requirements::{AffectedPosition, LoginRequirements, TrustRequirements};

/// Properties of a credential that trust policies examine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustFacts {
    pub is_mfa: bool,
    pub algorithm: CoseAlgorithm,
    pub backup_eligible: bool,
    pub attestation: AttestationTrust,
    /// AAGUID that the client stated.
    pub aaguid: Uuid,
    /// Key identifier of the attestation certificate, only for the format `fido-u2f`, which has no AAGUID.
    pub key_id: Option<CertificateKeyId>,
}

impl TrustFacts {
    pub const fn of(credential: &Credential) -> Self {
        Self {
            is_mfa: credential.is_mfa,
            algorithm: credential.algorithm,
            backup_eligible: credential.backup_eligible,
            attestation: credential.attestation_trust,
            aaguid: credential.aaguid,
            key_id: credential.attestation_key_id,
        }
    }

    const fn is_proven(&self) -> bool {
        matches!(self.attestation, AttestationTrust::Chain)
    }

    /// Returns a text that names the stated model, with a note if the model is not proven.
    fn model(&self) -> String {
        let name = self.key_id.map_or_else(|| self.aaguid.to_string(), |id| format!("U2F certificate {id}"));
        if self.is_proven() { name } else { format!("{name} (not proven, attestation: {})", self.attestation) }
    }
}

/// Returns the first requirement of the policy that the credential does not meet; `None` if the policy accepts the
/// credential.
pub fn violation(policy: &TrustPolicy, metadata: &Metadata, facts: &TrustFacts) -> Option<RefusalDetail> {
    if let Some(algorithms) = policy.algorithms.as_deref().filter(|accepted| !accepted.contains(&facts.algorithm)) {
        let detail = RefusalDetail::new(Check::TrustAlgorithm).expected(algorithms.iter().map(|one| one.as_str()));
        return Some(detail.received(facts.algorithm.as_str()));
    }
    if policy.device_bound_only && facts.backup_eligible {
        return Some(RefusalDetail::new(Check::TrustDeviceBound).expected(["BE = 0"]).received("BE = 1"));
    }
    if policy.attestation_required && !facts.is_proven() {
        let detail = RefusalDetail::new(Check::TrustAttestation).expected([AttestationTrust::Chain.as_str()]);
        return Some(detail.received(facts.attestation.as_str()));
    }
    if policy.deny_aaguids.contains(&facts.aaguid) {
        return Some(RefusalDetail::new(Check::TrustDenied).received(facts.model()));
    }
    status(policy, metadata, facts)
        .or_else(|| allowed(policy, facts))
        .or_else(|| certification(policy, metadata, facts))
}

/// Checks the statuses of the stated model.
fn status(policy: &TrustPolicy, metadata: &Metadata, facts: &TrustFacts) -> Option<RefusalDetail> {
    if policy.deny_statuses.is_empty() {
        return None;
    }
    let models = [metadata.by_aaguid(facts.aaguid), facts.key_id.and_then(|id| metadata.by_key_id(&id))];
    let reported = |status: &&_| models.into_iter().flatten().any(|model| model.statuses.contains(status));
    let found = policy.deny_statuses.iter().find(reported)?;
    let refused = policy.deny_statuses.iter().map(|status| format!("not {status}"));
    Some(RefusalDetail::new(Check::TrustStatus).expected(refused).received(format!("{found}: {}", facts.model())))
}

fn allowed(policy: &TrustPolicy, facts: &TrustFacts) -> Option<RefusalDetail> {
    let allowed = policy.allow_aaguids.as_deref()?;
    if facts.is_proven() && facts.key_id.is_none() && allowed.contains(&facts.aaguid) {
        return None;
    }
    let detail = RefusalDetail::new(Check::TrustAllowed).expected(allowed.iter().map(Uuid::to_string));
    Some(detail.received(facts.model()))
}

fn certification(policy: &TrustPolicy, metadata: &Metadata, facts: &TrustFacts) -> Option<RefusalDetail> {
    let least = policy.min_certification?;
    let level = metadata.proven(facts.attestation, facts.aaguid, facts.key_id.as_ref()).and_then(|it| it.certification);
    if level.is_some_and(|level| level >= least) {
        return None;
    }
    let level = level.map_or("no certification", |level| level.as_str());
    let detail = RefusalDetail::new(Check::TrustCertification).expected([format!("{least} or higher")]);
    Some(detail.received(format!("{level}: {}", facts.model())))
}
