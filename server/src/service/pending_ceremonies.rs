//! Cache of pending ceremonies, so that a finalize request need not read the challenge, the user and the credential
//! from the database.
//!
//! The cache is never authoritative. In one database transaction, a finalize request deletes the challenge row,
//! compares the cached credential with the stored one, and checks that the tenant, the user and the credential are not
//! disabled. A stale entry can therefore only cause a rejection. If the attestation has been judged again since the
//! initialize request, the finalize request starts again with the rows from the database. Whether the authenticator's
//! model is certified is not cached, but looked up in the metadata at each finalize request. If the cache has no entry,
//! the finalize request reads the rows from the database.

use doorward_shared::TenantId;
use quick_cache::{Weighter, sync::Cache};

use crate::domain::{Challenge, ChallengeValue, Credential, User};

/// Maximum memory of the cached ceremonies in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Expected memory of a ceremony in bytes, if its user has one or two credentials.
const EXPECTED_BYTES: u64 = 2 << 10;
/// Memory that the cache and small allocations need for each entry, in bytes.
const OVERHEAD_BYTES: usize = 256;

type Key = (TenantId, ChallengeValue);

/// A pending ceremony whose initialize request named the user.
#[derive(Debug, Clone)]
pub struct PendingCeremony {
    pub challenge: Challenge,
    pub user: User,
    /// The user's credentials that may be used in the ceremony.
    pub credentials: Vec<Credential>,
}

impl PendingCeremony {
    /// Returns the approximate size of the ceremony in memory, in bytes.
    fn bytes(&self) -> usize {
        let text = |text: &String| text.len() + size_of::<String>();
        let (state, user) = (&self.challenge.state, &self.user);
        let ids = state.credentials.iter().flatten().map(|id| id.as_bytes().len() + size_of::<Vec<u8>>());
        let of_credential = |one: &Credential| {
            let transports: usize = one.transports.iter().map(text).sum();
            let texts = one.name.len() + one.attestation_format.len();
            size_of::<Credential>() + one.id.as_bytes().len() + one.public_key.len() + texts + transports
        };
        size_of::<Self>()
            + state.rp_id.len()
            + state.origins.iter().chain(&state.top_origins).map(text).sum::<usize>()
            + ids.sum::<usize>()
            + [&user.external_id, &user.name, &user.display_name, &user.icon].map(String::len).iter().sum::<usize>()
            + self.credentials.iter().map(of_credential).sum::<usize>()
    }
}

/// Weighs entries by their memory in bytes.
#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, PendingCeremony> for Bytes {
    fn weight(&self, key: &Key, ceremony: &PendingCeremony) -> u64 {
        // The key in the cache and the ceremony each contain the challenge.
        let bytes = size_of::<Key>() + 2 * key.1.0.len() + ceremony.bytes() + OVERHEAD_BYTES;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Pending ceremonies of this process by tenant and challenge, limited by memory. At the limit, the oldest ones are
/// evicted.
#[derive(Debug)]
pub struct PendingCeremonies {
    ceremonies: Cache<Key, PendingCeremony, Bytes>,
    hits: metrics::Counter,
    misses: metrics::Counter,
}

impl PendingCeremonies {
    pub fn new(hits: metrics::Counter, misses: metrics::Counter) -> Self {
        Self::with_capacity(MAX_BYTES, hits, misses)
    }

    fn with_capacity(bytes: u64, hits: metrics::Counter, misses: metrics::Counter) -> Self {
        let expected = usize::try_from(bytes / EXPECTED_BYTES).unwrap_or(usize::MAX);
        Self { ceremonies: Cache::with_weighter(expected, bytes, Bytes), hits, misses }
    }

    /// Caches a ceremony whose challenge is stored.
    pub fn insert(&self, ceremony: PendingCeremony) {
        self.ceremonies.insert((ceremony.challenge.tenant_id, ceremony.challenge.value.clone()), ceremony);
    }

    /// Removes and returns a ceremony. Only one request gets it, because a ceremony can be finalized only once.
    pub fn take(&self, tenant: TenantId, value: &ChallengeValue) -> Option<PendingCeremony> {
        let found = self.ceremonies.remove(&(tenant, value.clone())).map(|(_, ceremony)| ceremony);
        if found.is_some() { &self.hits } else { &self.misses }.increment(1);
        found
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{
        Timestamp, UserId,
        config::{BackupEligibilityChange, CounterPolicy, UserVerification},
    };
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Ceremony, CeremonyState};

    fn ceremony(number: u32, origin: &str) -> PendingCeremony {
        let (tenant_id, at) = (TenantId::new(Uuid::nil()), Timestamp::from_millis(0));
        PendingCeremony {
            challenge: Challenge {
                tenant_id,
                value: ChallengeValue(number.to_be_bytes().to_vec()),
                ceremony: Ceremony::Login,
                user_id: None,
                transaction_id: None,
                state: CeremonyState {
                    rp_id: "example.com".to_owned(),
                    origins: vec![origin.to_owned(); 32],
                    top_origins: Vec::new(),
                    user_verification: UserVerification::Required,
                    backup_eligibility_change: BackupEligibilityChange::Accept,
                    counter_policy: CounterPolicy::Refuse,
                    conditional: false,
                    minimum_level: None,
                    algorithms: Vec::new(),
                    credentials: None,
                },
                created_at: at,
                expires_at: at,
            },
            user: User {
                tenant_id,
                id: UserId::new(Uuid::nil()),
                external_id: "alice".to_owned(),
                name: "alice".to_owned(),
                display_name: "Alice".to_owned(),
                icon: String::new(),
                created_at: at,
                updated_at: at,
                disabled_at: None,
            },
            credentials: Vec::new(),
        }
    }

    #[test]
    fn cache_is_limited_by_bytes() {
        const CAPACITY: u64 = 1 << 20;
        let cache = PendingCeremonies::with_capacity(CAPACITY, metrics::Counter::noop(), metrics::Counter::noop());
        let large = "x".repeat(256);
        for number in 0..1_000 {
            cache.insert(ceremony(number, &large));
        }
        let held = cache.ceremonies.iter().map(|(_, ceremony)| ceremony.bytes()).sum::<usize>();
        assert!(
            cache.ceremonies.weight() <= CAPACITY && held as u64 <= CAPACITY,
            "{} {held}",
            cache.ceremonies.weight()
        );
        assert!(cache.ceremonies.len() > 50, "{}", cache.ceremonies.len());
    }

    #[test]
    fn ceremony_is_returned_once() {
        let cache = PendingCeremonies::new(metrics::Counter::noop(), metrics::Counter::noop());
        let one = ceremony(7, "https://example.com");
        let (tenant, value) = (one.challenge.tenant_id, one.challenge.value.clone());
        cache.insert(one);
        assert!(cache.take(tenant, &value).is_some());
        assert!(cache.take(tenant, &value).is_none());
    }
}
