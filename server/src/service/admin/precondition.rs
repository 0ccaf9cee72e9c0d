//! Versions of tenants, and of the states (enabled or disabled) of objects. They prevent lost updates.

use std::fmt;

use aws_lc_rs::digest;
use doorward_shared::Base64Url;

use crate::{
    db::DbError,
    domain::Tenant,
    service::{Refusal, ServiceError},
};

/// Number of bytes of the hash in a [`TenantVersion`].
const HASH_BYTES: usize = 16;

/// Version of a tenant: a hash of its name and configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantVersion(String);

/// Version of an object's state: an id and the number of state changes, as text `<id>-<number>`. The id is that of the
/// object or, for a credential, the internal id of its user. The number alone is not enough, because it begins at 0
/// again if the object is deleted and created again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateVersion {
    id: String,
    number: i64,
}

/// Versions that an object may have before a change is applied (`If-Match`).
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

impl StateVersion {
    pub const fn new(id: String, number: i64) -> Self {
        Self { id, number }
    }
}

impl fmt::Display for StateVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.id, self.number)
    }
}

impl Precondition {
    /// Returns the numbers of the accepted state versions that have this id; `None` if every version is accepted.
    /// Ignores versions with other ids, and texts that are not versions.
    pub fn state_numbers(&self, id: &str) -> Option<Vec<i64>> {
        let number = |version: &String| version.strip_prefix(id)?.strip_prefix('-')?.parse().ok();
        match self {
            Self::None => None,
            Self::OneOf(accepted) => Some(accepted.iter().filter_map(number).collect()),
        }
    }

    /// Returns the version of the tenant.
    ///
    /// # Errors
    /// [`Refusal::TenantChanged`] if the precondition does not accept this version.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_of_the_same_row_are_accepted() {
        let sent = ["b-1", "b-22", "a-3", "b", "4", "b-x", "bb-5"].map(str::to_owned).to_vec();
        let accepted = Precondition::OneOf(sent);
        assert_eq!(accepted.state_numbers("b"), Some(vec![1, 22]));
        assert_eq!(accepted.state_numbers("c"), Some(Vec::new()));
        assert_eq!(Precondition::None.state_numbers("b"), None);
        assert_eq!(StateVersion::new("b".to_owned(), 22).to_string(), "b-22");
    }
}
