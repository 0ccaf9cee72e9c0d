//! One installation: everything requests share. Built by the same builder in `main` and in tests; there are no globals.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::{
    clock::{Clock, Entropy, IdSequence, NoEntropy},
    crypto::{HashCost, HashError, Hasher, KeyCheck, MasterKey, VerifiedKeys},
    metrics::Metrics,
    rate_limit::RateLimits,
    service::{key_usage::KeyUsage, snapshot::TenantCache},
    stopwatch::Stopwatch,
    store::Store,
};

/// What requests share.
#[derive(Debug)]
pub struct App {
    /// Units of work.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Orders the audit log.
    pub ids: Arc<IdSequence>,
    /// Seals signing keys.
    pub master_key: MasterKey,
    /// Checks presented keys and hashes new ones.
    pub keys: KeyCheck,
    /// Tenants as requests see them.
    pub tenants: TenantCache,
    /// When keys were last used.
    pub key_usage: KeyUsage,
    /// How often strangers may call.
    pub rate_limits: RateLimits,
    /// What is counted.
    pub metrics: Metrics,
    /// Measures how long requests take.
    pub stopwatch: Stopwatch,
    /// What the operator decided.
    pub settings: AppSettings,
    /// The page that shows the OpenAPI documents.
    pub docs_page: DocsPage,
}

/// The page that shows the OpenAPI documents.
#[derive(Clone)]
pub struct DocsPage(pub Arc<utoipa_swagger_ui::Config<'static>>);

impl std::fmt::Debug for DocsPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DocsPage")
    }
}

/// What the operator decided, as requests need it.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// `iss` of tokens.
    pub issuer: String,
    /// Bytes a body may have.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Keyless requests a second from one address; 0: no limit.
    pub visits_per_address: u32,
    /// Keyless requests a second for one tenant; 0: no limit.
    pub visits_per_tenant: u32,
    /// How long a wrong admin token waits for its refusal.
    pub wrong_token_delay: Duration,
    /// Tenants remembered.
    pub tenant_cache: usize,
    /// Verified keys remembered.
    pub key_cache: usize,
    /// Threads that hash.
    pub hash_threads: usize,
    /// Hashes that may wait.
    pub hash_queue: usize,
    /// What a hash costs.
    pub hash_cost: HashCost,
}

/// Networks of the proxies in front.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<(IpAddr, u8)>);

impl TrustedProxies {
    /// Whether the address is a proxy's.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(network, bits)| within(address, *network, *bits))
    }
}

fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let shift = u32::from(width - bits.min(width));
    shift == 128 || address >> shift == network >> shift
}

/// Why an installation cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The hashing threads cannot start.
    #[error("key hashing: {0}")]
    Hash(#[from] HashError),
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The metrics cannot be described.
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

impl App {
    /// Puts an installation together.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(
        store: Store,
        master_key: MasterKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: AppSettings,
    ) -> Result<Arc<Self>, BuildError> {
        let hasher =
            Hasher::start(settings.hash_threads, settings.hash_queue, settings.hash_cost, Arc::clone(&entropy))?;
        let known = VerifiedKeys::new(settings.key_cache, entropy.as_ref())?;
        let docs = utoipa_swagger_ui::Config::from("/openapi.json").try_it_out_enabled(true);
        Ok(Arc::new(Self {
            keys: KeyCheck::new(hasher, known),
            tenants: TenantCache::new(settings.tenant_cache),
            key_usage: KeyUsage::default(),
            rate_limits: RateLimits::new(settings.visits_per_address, settings.visits_per_tenant),
            metrics: Metrics::new()?,
            stopwatch: Stopwatch,
            ids: Arc::default(),
            docs_page: DocsPage(Arc::new(docs)),
            store,
            clock,
            entropy,
            master_key,
            settings,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_contain_their_own_addresses_only() {
        let proxies = TrustedProxies(vec![(ip("10.0.0.0"), 8), (ip("2001:db8::"), 32), (ip("192.0.2.7"), 32)]);
        assert!(proxies.contains(ip("10.200.3.4")));
        assert!(proxies.contains(ip("2001:db8::1")));
        assert!(proxies.contains(ip("192.0.2.7")));
        assert!(!proxies.contains(ip("11.0.0.1")));
        assert!(!proxies.contains(ip("192.0.2.8")));
        assert!(!proxies.contains(ip("2001:db9::1")));
        assert!(TrustedProxies(vec![(ip("::"), 0)]).contains(ip("2001:db9::1")));
        assert!(TrustedProxies(vec![(ip("0.0.0.0"), 0)]).contains(ip("192.0.2.8")));
    }
}
