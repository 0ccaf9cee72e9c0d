//! The requirements of a trust policy as plain lists, for conditions in SQL.

use doorward_shared::{
    CoseAlgorithm, UserId,
    config::{TrustMode, TrustPolicies, TrustPolicy},
};
use uuid::Uuid;

use crate::domain::{Metadata, metadata::ModelId};

/// The requirements of a trust policy. Requirements on models are given as lists of models, computed from the current
/// metadata. A credential is accepted if it meets all requirements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustRequirements {
    pub attestation: bool,
    pub device_bound: bool,
    pub algorithms: Option<Vec<CoseAlgorithm>>,
    /// Models on the allow list; `None` if the policy has no such list. The credential's attestation must prove one of
    /// these models.
    pub allowed: Option<Vec<Uuid>>,
    /// Models with the required certification; `None` if the policy requires no certification. The credential's
    /// attestation must prove one of these models.
    pub certified: Option<Vec<ModelId>>,
    /// Refused models, proven or not.
    pub refused: Vec<ModelId>,
}

impl TrustRequirements {
    pub fn new(policy: &TrustPolicy, metadata: &Metadata) -> Self {
        let mut refused = metadata.models(|model| policy.deny_statuses.iter().any(|one| model.statuses.contains(one)));
        refused.extend(policy.deny_aaguids.iter().copied().map(ModelId::Aaguid));
        let certified = policy
            .min_certification
            .map(|least| metadata.models(|model| model.certification.is_some_and(|level| level >= least)));
        Self {
            attestation: policy.attestation_required,
            device_bound: policy.device_bound_only,
            algorithms: policy.algorithms.clone(),
            allowed: policy.allow_aaguids.clone(),
            certified,
            refused,
        }
    }
}

/// Requirements of logins. A kind of credential whose policy is not enforced at logins has no requirements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginRequirements {
    pub passkeys: TrustRequirements,
    pub second_factors: TrustRequirements,
}

impl LoginRequirements {
    pub fn new(policies: &TrustPolicies, metadata: &Metadata) -> Self {
        let enforced = |policy: &TrustPolicy| match policy.login {
            TrustMode::Enforce => TrustRequirements::new(policy, metadata),
            TrustMode::Off | TrustMode::Monitor => TrustRequirements::default(),
        };
        Self { passkeys: enforced(&policies.passkeys), second_factors: enforced(&policies.second_factors) }
    }

    /// Returns whether every credential is accepted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Position of a user in the list of users who lose credentials. Users who keep no credential come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AffectedPosition {
    /// Whether the user keeps at least one credential.
    pub keeps_some: bool,
    pub user: UserId,
}
