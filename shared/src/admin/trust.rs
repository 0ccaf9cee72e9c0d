//! Effects of trust policies on the registered credentials of a tenant.

use serde::{Deserialize, Serialize};

use super::UserItem;
use crate::CoseAlgorithm;

/// Users who would lose credentials under other trust policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrustPreview {
    /// Counts of users and credentials. Only the first page contains them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub impact: Option<TrustImpact>,
    /// The affected users: first those who would lose all usable credentials, then those who would keep some. Each
    /// group is sorted by id.
    pub items: Vec<AffectedUser>,
    /// Cursor of the next page, to be sent as `after`. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// Numbers of a tenant's users and credentials that other trust policies would affect. Disabled users, disabled
/// credentials, and credentials that the current policies refuse at logins are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrustImpact {
    /// Number of users who would lose all credentials that they can use now.
    pub users_losing_all: u64,
    /// Number of users who would lose a credential and keep another one.
    pub users_losing_some: u64,
    /// Number of credentials that can be used now, but not under the other policies.
    pub credentials_lost: u64,
}

/// A user who would lose credentials under other trust policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AffectedUser {
    /// The user.
    #[serde(flatten)]
    pub user: UserItem,
    /// Number of credentials that the user can use now, but not under the other policies.
    pub credentials_lost: u64,
    /// Number of credentials that the user can use under the other policies.
    pub credentials_kept: u64,
}

/// Algorithms in use, and numbers of users who are ready for stricter trust policies. Disabled users and disabled
/// credentials are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CryptoRadar {
    /// Number of passkeys by algorithm.
    pub passkeys: Vec<AlgorithmCount>,
    /// Number of credentials that are only second factors, by algorithm.
    pub second_factors: Vec<AlgorithmCount>,
    /// Number of users with at least one credential.
    pub users: u64,
    /// For each requirement, the number of users who have a credential that meets it.
    pub ready: Vec<ReadyUsers>,
}

/// Number of credentials with an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlgorithmCount {
    /// The algorithm.
    pub algorithm: CoseAlgorithm,
    /// Number of credentials.
    pub credentials: u64,
}

text_enum! {
    /// A stricter requirement that a tenant may want to introduce.
    pub enum RadarRequirement {
        /// The credential is bound to one device.
        DeviceBound => "device_bound",
        /// The attestation proves the model of the authenticator.
        Attested => "attested",
        /// The algorithm is not RS256.
        WithoutRs256 => "without_rs256",
        /// The algorithm resists quantum computers: ML-DSA.
        PostQuantum => "post_quantum",
    }
}

/// Number of users who have a credential that meets a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadyUsers {
    /// The requirement.
    pub requirement: RadarRequirement,
    /// Number of users.
    pub users: u64,
}
