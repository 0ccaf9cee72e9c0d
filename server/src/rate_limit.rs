//! Rate limits per client address, per network and per tenant, for requests without a valid key.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    time::{Duration, Instant},
};

use doorward_shared::TenantId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

/// Prefix length in bits: IPv6 addresses with the same prefix count as one address. An internet customer gets at least
/// a network of this size (RFC 6177), and could otherwise use a new address for each request.
const IPV6_ADDRESS_BITS: u32 = 64;
/// Prefix lengths of the networks that have their own limit. One client may control all addresses of such a
/// network.
const IPV4_NETWORK_BITS: u32 = 24;
const IPV6_NETWORK_BITS: u32 = 48;
/// The limit of a network as a multiple of the limit of an address.
const NETWORK_FACTOR: u32 = 8;

/// Maximum number of cached addresses that are above their limit.
const MAX_ABOVE_LIMIT: usize = 10_000;

/// Rate limits for requests without a valid API key or admin token. `None` means no limit.
#[derive(Debug)]
pub struct RateLimits {
    by_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
    by_network: Option<DefaultKeyedRateLimiter<IpAddr>>,
    by_tenant: Option<DefaultKeyedRateLimiter<TenantId>>,
    /// The addresses that are above their own limit or the limit of their network, each with the time from which it may
    /// send requests again.
    above_limit: Cache<IpAddr, Instant>,
    /// Limits database reads for requests whose address is above its limit: only one such read runs at a time.
    pub limited_reads: Semaphore,
    rejected: RejectedRequests,
}

/// Counters of the requests above each limit.
#[derive(Debug)]
pub struct RejectedRequests {
    pub by_address: metrics::Counter,
    pub by_network: metrics::Counter,
    pub by_tenant: metrics::Counter,
}

impl RateLimits {
    /// Creates limits in requests per minute; `None` disables a limit. One burst may use up to a tenth of a limit.
    pub fn new(per_address: Option<u32>, per_tenant: Option<u32>, rejected: RejectedRequests) -> Self {
        let per_network = per_address.map(|limit| limit.saturating_mul(NETWORK_FACTOR));
        Self {
            by_address: per_address.and_then(quota).map(RateLimiter::keyed),
            by_network: per_network.and_then(quota).map(RateLimiter::keyed),
            by_tenant: per_tenant.and_then(quota).map(RateLimiter::keyed),
            above_limit: Cache::new(MAX_ABOVE_LIMIT),
            limited_reads: Semaphore::new(1),
            rejected,
        }
    }

    /// Counts a request without a valid key against its address, its network and its tenant, in this order. A request
    /// above one of these limits is not counted against the next limit, so that one address cannot use up the limits of
    /// others.
    ///
    /// # Errors
    /// The number of seconds to wait, if a limit is exceeded.
    pub fn count(&self, tenant: TenantId, address: &str) -> Result<(), u64> {
        self.count_address(address)?;
        check(self.by_tenant.as_ref(), &tenant, &self.rejected.by_tenant).map_err(whole_seconds)
    }

    /// Counts a request against its address and its network only.
    pub fn count_address(&self, address: &str) -> Result<(), u64> {
        let (caller, network) = caller_and_network(address);
        check(self.by_address.as_ref(), &caller, &self.rejected.by_address)
            .and_then(|()| check(self.by_network.as_ref(), &network, &self.rejected.by_network))
            .map_err(|wait| {
                self.above_limit.insert(caller, Instant::now() + wait);
                whole_seconds(wait)
            })
    }

    /// Returns the number of seconds that an address must wait, if its last request exceeded the limit of the address
    /// or of its network. Counts nothing.
    pub fn wait_of(&self, address: &str) -> Option<u64> {
        let until = self.above_limit.get(&caller_and_network(address).0)?;
        let wait = until.checked_duration_since(Instant::now())?;
        (!wait.is_zero()).then(|| whole_seconds(wait))
    }

    /// Removes addresses, networks and tenants without recent requests, so that memory use depends only on recent
    /// traffic.
    pub fn forget_idle(&self) {
        for limiter in [&self.by_address, &self.by_network].into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        if let Some(limiter) = &self.by_tenant {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(
    limiter: Option<&DefaultKeyedRateLimiter<K>>,
    key: &K,
    rejected: &metrics::Counter,
) -> Result<(), Duration> {
    let Some(limiter) = limiter else { return Ok(()) };
    limiter.check_key(key).map_err(|until| {
        rejected.increment(1);
        until.wait_time_from(DefaultClock::default().now())
    })
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + 1
}

/// Returns the two keys under which an address is counted. The first is the address itself or, for IPv6, its /64
/// network. The second is the larger network that contains the address.
fn caller_and_network(address: &str) -> (IpAddr, IpAddr) {
    match parse(address) {
        address @ IpAddr::V4(_) => (address, masked(address, IPV4_NETWORK_BITS)),
        address @ IpAddr::V6(_) => (masked(address, IPV6_ADDRESS_BITS), masked(address, IPV6_NETWORK_BITS)),
    }
}

/// Parses an address. Returns the unspecified address for an invalid text.
fn parse(address: &str) -> IpAddr {
    address.parse().unwrap_or(Ipv6Addr::UNSPECIFIED.into())
}

/// Returns the first address of the network that has this prefix length and contains `address`.
fn masked(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(32 - bits).unwrap_or(0)).into()
        }
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(128 - bits).unwrap_or(0)).into()
        }
    }
}

fn quota(per_minute: u32) -> Option<Quota> {
    let burst = NonZeroU32::new((per_minute / 10).max(1))?;
    Some(Quota::per_minute(NonZeroU32::new(per_minute)?).allow_burst(burst))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const TENANT: TenantId = TenantId::new(Uuid::nil());

    fn limits(per_address: Option<u32>, per_tenant: Option<u32>) -> RateLimits {
        let counter = metrics::Counter::noop;
        let rejected = RejectedRequests { by_address: counter(), by_network: counter(), by_tenant: counter() };
        RateLimits::new(per_address, per_tenant, rejected)
    }

    #[test]
    fn each_address_has_its_own_limit() {
        let limits = self::limits(Some(60), None);
        let accepted = (0..100).filter(|_| limits.count(TENANT, "192.0.2.1").is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.count(TENANT, "192.0.2.2").is_ok());
    }

    #[test]
    fn ipv6_addresses_of_one_network_share_a_limit() {
        let limits = self::limits(Some(60), None);
        let accepted = (0..100).filter(|number| limits.count(TENANT, &format!("2001:db8::{number:x}")).is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.count(TENANT, "2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn requests_above_the_address_limit_do_not_count_against_the_tenant() {
        let limits = self::limits(Some(10), Some(50));
        assert!(limits.count(TENANT, "192.0.2.1").is_ok());
        for _ in 0..100 {
            assert!(limits.count(TENANT, "192.0.2.1").is_err());
        }
        let others = (2..100).filter(|number| limits.count(TENANT, &format!("192.0.2.{number}")).is_ok()).count();
        assert!((4..=5).contains(&others), "the tenant's burst of 5, of which one is used: {others}");
    }

    #[test]
    fn addresses_of_one_network_share_eight_times_the_limit() {
        let accepted = |address: fn(u32) -> String| {
            let limits = self::limits(Some(60), None);
            let accepted = (0..200).filter(|number| limits.count_address(&address(*number)).is_ok()).count();
            (accepted, limits)
        };
        let (accepted_v4, limits) = accepted(|number| format!("192.0.2.{}", number % 256));
        assert!((48..=52).contains(&accepted_v4), "{accepted_v4}");
        assert!(limits.count_address("192.0.3.1").is_ok());
        let (accepted_v6, limits) = accepted(|number| format!("2001:db8:0:{number:x}::1"));
        assert!((48..=52).contains(&accepted_v6), "{accepted_v6}");
        assert!(limits.count_address("2001:db8:1::1").is_ok());
    }

    #[test]
    fn admin_requests_count_only_against_the_address() {
        let limits = self::limits(Some(60), Some(10));
        let accepted = (0..100).filter(|_| limits.count_address("192.0.2.1").is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.count(TENANT, "192.0.2.2").is_ok());
    }

    #[test]
    fn disabled_limits_accept_everything() {
        let limits = self::limits(None, None);
        assert!((0..10_000).all(|_| limits.count(TENANT, "192.0.2.1").is_ok()));
    }
}
