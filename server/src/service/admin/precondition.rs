//! Versions of tenants and of states. They prevent concurrent changes from overwriting each other.

use std::fmt;

use aws_lc_rs::digest;
use doorward_shared::Base64Url;

use crate::{
    db::DbError,
    domain::Tenant,
    service::{Refusal, ServiceError},
};

/// Number of bytes of the hash in a version.
const HASH_BYTES: usize = 16;

/// Version of a tenant: a hash of its name and configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantVersion(String);

/// Versions that a change accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Any version.
    None,
    /// One of these versions. Clients send the version that they have read.
    OneOf(Vec<String>),
}

impl TenantVersion {
    pub fn of(tenant: &Tenant) -> Result<Self, ServiceError> {
        let described = serde_json::to_vec(&(&tenant.display_name, &tenant.config));
        let described = described.map_err(|error| DbError::Corrupt(error.to_string()))?;
        let hash = digest::digest(&digest::SHA256, &described);
        Ok(Self(Base64Url::encode(hash.as_ref().get(..HASH_BYTES).unwrap_or_default())))
    }
}

impl fmt::Display for TenantVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Precondition {
    /// Returns the accepted versions of a state; `None` if every version is accepted. Text that is not a version of a
    /// state is left out.
    pub fn state_versions(&self) -> Option<Vec<i64>> {
        match self {
            Self::None => None,
            Self::OneOf(accepted) => Some(accepted.iter().filter_map(|version| version.parse().ok()).collect()),
        }
    }

    /// Returns the version of the tenant.
    ///
    /// # Errors
    /// [`Refusal::TenantChanged`] if the precondition does not accept it.
    pub fn check(&self, tenant: &Tenant) -> Result<TenantVersion, ServiceError> {
        let version = TenantVersion::of(tenant)?;
        match self {
            Self::OneOf(accepted) if !accepted.contains(&version.0) => {
                Err(Refusal::TenantChanged { sent: accepted.join(", "), current: version.0 }.into())
            }
            _ => Ok(version),
        }
    }
}
