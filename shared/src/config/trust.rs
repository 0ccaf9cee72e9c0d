//! Trust policies of a tenant: which authenticators it accepts.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::omitted::null_as_default;
use crate::{AuthenticatorStatus, CertificationLevel, CoseAlgorithm};

text_enum! {
    /// What happens to credentials that a trust policy does not accept.
    pub enum TrustMode {
        /// Accept them.
        Off => "off",
        /// Accept them, and record in the audit entry what the policy would have refused.
        Monitor => "monitor",
        /// Refuse them with the code `trust_policy`.
        Enforce => "enforce",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that defines the enum derives no default")]
impl Default for TrustMode {
    fn default() -> Self {
        Self::Off
    }
}

/// Trust policies. Each applies to the credentials of one kind, in all ceremonies that accept them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrustPolicies {
    /// Policy for passkeys, even when they are used as second factors.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TrustPolicy>))]
    pub passkeys: TrustPolicy,
    /// Policy for credentials that are only second factors.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TrustPolicy>))]
    pub second_factors: TrustPolicy,
}

impl TrustPolicies {
    /// Returns the policy of passkeys, or of credentials that are only second factors.
    #[must_use]
    pub const fn of(&self, is_mfa: bool) -> &TrustPolicy {
        if is_mfa { &self.second_factors } else { &self.passkeys }
    }

    /// Returns the same policies with `enforce` in place of `monitor`.
    #[must_use]
    pub fn enforced(mut self) -> Self {
        for policy in [&mut self.passkeys, &mut self.second_factors] {
            for mode in [&mut policy.registration, &mut policy.login] {
                if *mode == TrustMode::Monitor {
                    *mode = TrustMode::Enforce;
                }
            }
        }
        self
    }
}

/// Requirements on the authenticators of one kind of credential. A credential is accepted if it meets all of them.
/// Settings that a change omits keep their current values; null means the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrustPolicy {
    /// Mode for new credentials.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TrustMode>))]
    pub registration: TrustMode,
    /// Mode for logins and transactions with registered credentials. It can be `enforce` only if `registration` is
    /// `enforce` as well.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TrustMode>))]
    pub login: TrustMode,
    /// Whether the attestation must prove the model, which means that a root certificate of the model issued the
    /// attestation certificate. Default: `false`.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub attestation_required: bool,
    /// Accepted models. The attestation must prove the AAGUID. Null: all models.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 256))]
    pub allow_aaguids: Option<Vec<Uuid>>,
    /// Refused models, even if the AAGUID is only stated and not proven.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<Uuid>>, max_items = 256))]
    pub deny_aaguids: Vec<Uuid>,
    /// Models with one of these statuses in the FIDO metadata are refused, even if the model is not proven.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<AuthenticatorStatus>>))]
    pub deny_statuses: Vec<AuthenticatorStatus>,
    /// Lowest accepted certification in the FIDO metadata; the model must be proven. Null: none is required.
    #[serde(default)]
    pub min_certification: Option<CertificationLevel>,
    /// Whether credentials that can be backed up or synchronised (flag BE) are refused. Default: `false`.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub device_bound_only: bool,
    /// Accepted algorithms. Null: all. An enforced policy also limits the algorithms that registrations offer.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 8))]
    pub algorithms: Option<Vec<CoseAlgorithm>>,
}

impl TrustPolicy {
    /// Returns whether registrations offer an algorithm. Algorithms that an enforced policy refuses are not offered,
    /// because an authenticator could choose one of them.
    #[must_use]
    pub fn offers(&self, algorithm: CoseAlgorithm) -> bool {
        self.registration != TrustMode::Enforce || self.algorithms.as_ref().is_none_or(|all| all.contains(&algorithm))
    }

    /// Returns whether the policy is in use and at least one of its requirements needs the FIDO metadata.
    #[must_use]
    pub fn needs_metadata(&self) -> bool {
        let is_used = self.registration != TrustMode::Off || self.login != TrustMode::Off;
        is_used && (self.needs_attestation() || !self.deny_statuses.is_empty())
    }

    /// Returns whether only credentials whose attestation proves the model are accepted.
    #[must_use]
    pub const fn needs_attestation(&self) -> bool {
        self.attestation_required || self.allow_aaguids.is_some() || self.min_certification.is_some()
    }
}
