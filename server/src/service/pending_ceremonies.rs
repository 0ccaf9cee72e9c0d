//! Cache of pending ceremonies: with it, finalize requests need not read the challenge, the user and the credentials.
//!
//! The cache is never authoritative. In one database transaction, a finalize request deletes the challenge row and
//! compares the cached credential with the stored one, so a stale entry can only cause a rejection. Without an entry, the
//! request reads the rows from the database.

use doorward_shared::TenantId;
use quick_cache::sync::Cache;

use crate::domain::{Challenge, ChallengeValue, Credential, User};

/// Maximum number of cached ceremonies, about 2 KB each.
const CAPACITY: usize = 8_192;
/// Maximum number of credentials of a user whose ceremonies are cached. It limits the memory of the cache.
const MAX_CREDENTIALS: usize = 8;

/// A ceremony of a known user.
#[derive(Debug, Clone)]
pub struct PendingCeremony {
    pub challenge: Challenge,
    pub user: User,
    /// The user's credentials that may be used in it.
    pub credentials: Vec<Credential>,
}

/// Pending ceremonies of this process by tenant and challenge.
#[derive(Debug)]
pub struct PendingCeremonies {
    ceremonies: Cache<(TenantId, ChallengeValue), PendingCeremony>,
    hits: metrics::Counter,
    misses: metrics::Counter,
}

impl PendingCeremonies {
    pub fn new(hits: metrics::Counter, misses: metrics::Counter) -> Self {
        Self { ceremonies: Cache::new(CAPACITY), hits, misses }
    }

    /// Caches a ceremony whose challenge is stored.
    pub fn insert(&self, ceremony: PendingCeremony) {
        if ceremony.credentials.len() <= MAX_CREDENTIALS {
            self.ceremonies.insert((ceremony.challenge.tenant_id, ceremony.challenge.value.clone()), ceremony);
        }
    }

    /// Removes and returns a ceremony. Only one request gets it, because a ceremony can be finalized only once.
    pub fn take(&self, tenant: TenantId, value: &ChallengeValue) -> Option<PendingCeremony> {
        let found = self.ceremonies.remove(&(tenant, value.clone())).map(|(_, ceremony)| ceremony);
        if found.is_some() { &self.hits } else { &self.misses }.increment(1);
        found
    }
}
