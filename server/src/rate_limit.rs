//! How often those may call who show no key: per address, and per tenant.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use doorward_shared::TenantId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

/// Limits of keyless requests and of wrong keys. `None`: no limit.
#[derive(Debug)]
pub struct RateLimits {
    by_address: Option<DefaultKeyedRateLimiter<IpAddr>>,
    by_tenant: Option<DefaultKeyedRateLimiter<TenantId>>,
    clock: DefaultClock,
}

impl RateLimits {
    /// Limits in requests a minute; `None` switches a limit off. A tenth of a minute's worth may come at once.
    #[must_use]
    pub fn new(per_address: Option<u32>, per_tenant: Option<u32>) -> Self {
        Self {
            by_address: per_address.and_then(quota).map(RateLimiter::keyed),
            by_tenant: per_tenant.and_then(quota).map(RateLimiter::keyed),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request that came without a good key.
    ///
    /// # Errors
    /// Seconds until the next one is welcome.
    pub fn visit(&self, tenant: TenantId, address: &str) -> Result<(), u64> {
        if let Some(limiter) = &self.by_address {
            limiter
                .check_key(&neighbourhood(address))
                .map_err(|wait| self.seconds(wait.wait_time_from(self.clock.now())))?;
        }
        if let Some(limiter) = &self.by_tenant {
            limiter.check_key(&tenant).map_err(|wait| self.seconds(wait.wait_time_from(self.clock.now())))?;
        }
        Ok(())
    }

    /// Forgets addresses and tenants that have not called lately, so that memory follows the traffic.
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

    #[expect(clippy::unused_self, reason = "reads as part of the limiter")]
    const fn seconds(&self, wait: std::time::Duration) -> u64 {
        wait.as_secs() + 1
    }
}

/// Who counts as one caller: an IPv4 address, or the /64 an IPv6 address lies in. Whoever has one address of a /64 has all
/// of them (RFC 6177, RFC 7084), and would call from another one each time.
fn neighbourhood(address: &str) -> IpAddr {
    match address.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
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

    #[test]
    fn one_address_does_not_use_up_anothers_share() {
        let limits = RateLimits::new(Some(60), None);
        let tenant = TenantId::new(Uuid::nil());
        let accepted = (0..100).filter(|_| limits.visit(tenant, "192.0.2.1").is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.visit(tenant, "192.0.2.2").is_ok());
    }

    #[test]
    fn a_network_of_ipv6_addresses_is_one_caller() {
        let limits = RateLimits::new(Some(60), None);
        let tenant = TenantId::new(Uuid::nil());
        let accepted = (0..100).filter(|number| limits.visit(tenant, &format!("2001:db8::{number:x}")).is_ok()).count();
        assert!((6..=8).contains(&accepted), "{accepted}");
        assert!(limits.visit(tenant, "2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn none_means_no_limit() {
        let limits = RateLimits::new(None, None);
        assert!((0..10_000).all(|_| limits.visit(TenantId::new(Uuid::nil()), "192.0.2.1").is_ok()));
    }
}
