//! Rate limits per client address and per tenant, for requests without a valid key.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use doorward_shared::TenantId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

/// IPv6 addresses with the same first 64 bits share a limit.
const IPV6_PREFIX_BITS: u32 = 64;

/// Rate limits for requests without a valid API key or admin token. `None` means no limit.
#[derive(Debug)]
pub struct RateLimits {
    by_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
    by_tenant: Option<DefaultKeyedRateLimiter<TenantId>>,
}

impl RateLimits {
    /// Creates limits in requests per minute; `None` disables a limit. A burst may use a tenth of the limit at once.
    pub fn new(per_address: Option<u32>, per_tenant: Option<u32>) -> Self {
        Self {
            by_address: per_address.and_then(quota).map(RateLimiter::keyed),
            by_tenant: per_tenant.and_then(quota).map(RateLimiter::keyed),
        }
    }

    /// Counts a request without a valid key against its address and its tenant. A request above the limit of its
    /// address is not counted against the tenant, so that one address cannot use up the tenant's limit.
    ///
    /// # Errors
    /// The number of seconds to wait, if a limit is exceeded.
    pub fn count(&self, tenant: TenantId, address: &str) -> Result<(), u64> {
        self.count_address(address)?;
        check(self.by_tenant.as_ref(), &tenant)
    }

    /// Counts a request against its address only, because it belongs to no tenant.
    pub fn count_address(&self, address: &str) -> Result<(), u64> {
        check(self.by_address.as_ref(), &caller(address))
    }

    /// Removes addresses and tenants without recent requests, so that memory use depends only on recent traffic.
    pub fn forget_idle(&self) {
        if let Some(limiter) = &self.by_address {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        if let Some(limiter) = &self.by_tenant {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(limiter: Option<&DefaultKeyedRateLimiter<K>>, key: &K) -> Result<(), u64> {
    let Some(limiter) = limiter else { return Ok(()) };
    let wait = |until: governor::NotUntil<_>| until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
    limiter.check_key(key).map_err(wait)
}

/// Returns the key of an address's limit: an IPv4 address, or the /64 network of an IPv6 address. A customer gets at
/// least a network of this size (RFC 6177), and could use another address for each request.
fn caller(address: &str) -> IpAddr {
    match address.parse() {
        Ok(IpAddr::V6(address)) => {
            Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - IPV6_PREFIX_BITS))).into()
        }
        Ok(address) => address,
        Err(_) => Ipv6Addr::UNSPECIFIED.into(),
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

    #[test]
    fn each_address_has_its_own_limit() {
        let limits = RateLimits::new(Some(60), None);
        let accepted = (0..100).filter(|_| limits.count(TENANT, "192.0.2.1").is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.count(TENANT, "192.0.2.2").is_ok());
    }

    #[test]
    fn ipv6_addresses_of_one_network_share_a_limit() {
        let limits = RateLimits::new(Some(60), None);
        let accepted = (0..100).filter(|number| limits.count(TENANT, &format!("2001:db8::{number:x}")).is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.count(TENANT, "2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn requests_above_the_address_limit_do_not_count_against_the_tenant() {
        let limits = RateLimits::new(Some(10), Some(50));
        assert!(limits.count(TENANT, "192.0.2.1").is_ok());
        for _ in 0..100 {
            assert!(limits.count(TENANT, "192.0.2.1").is_err());
        }
        let others = (2..100).filter(|number| limits.count(TENANT, &format!("192.0.2.{number}")).is_ok()).count();
        assert!((4..=5).contains(&others), "the tenant's burst of 5, of which one is used: {others}");
    }

    #[test]
    fn admin_requests_count_only_against_the_address() {
        let limits = RateLimits::new(Some(60), Some(10));
        let accepted = (0..100).filter(|_| limits.count_address("192.0.2.1").is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.count(TENANT, "192.0.2.2").is_ok());
    }

    #[test]
    fn disabled_limits_accept_everything() {
        let limits = RateLimits::new(None, None);
        assert!((0..10_000).all(|_| limits.count(TENANT, "192.0.2.1").is_ok()));
    }
}
