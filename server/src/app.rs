//! One installation: everything requests share. Built by the same builder in `main` and in tests; there are no globals.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::{Clock, Entropy, NoEntropy},
    config::Network,
    crypto::{HashCost, HashError, Hasher, KeyCheck, MasterKey, VerifiedKeys},
    db::Database,
    metrics::Metrics,
    overload::Overloads,
    rate_limit::RateLimits,
    service::{
        daily_counts::DailyCounts, key_usage::KeyUsage, pending_ceremonies::PendingCeremonies,
        tenant_cache::TenantCache,
    },
    stopwatch::Stopwatch,
};

/// What requests share.
#[derive(Debug)]
pub struct App {
    /// Units of work.
    pub db: Database,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Seals signing keys.
    pub master_key: MasterKey,
    /// Checks presented keys and hashes new ones.
    pub keys: KeyCheck,
    /// Tenants as requests see them.
    pub tenants: TenantCache,
    /// Ceremonies under way.
    pub pending_ceremonies: PendingCeremonies,
    /// Last use of keys and last activity of tenants.
    pub key_usage: KeyUsage,
    /// Daily sums of the audit logs.
    pub daily_counts: DailyCounts,
    /// How often strangers may call.
    pub rate_limits: RateLimits,
    /// What is counted.
    pub metrics: Metrics,
    /// Requests that were refused because too many keys waited to be hashed.
    pub overloads: Overloads,
    /// Measures how long requests take.
    pub stopwatch: Stopwatch,
    /// When the installation was put together, by the stopwatch.
    pub started: std::time::Instant,
    /// What the operator decided.
    pub settings: AppSettings,
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
    pub trusted_proxies: Vec<Network>,
    /// How deep JSON may be nested.
    pub json_depth: usize,
    /// Keyless requests a minute from one address; `None`: no limit.
    pub visits_per_address: Option<u32>,
    /// Keyless requests a minute for one tenant; `None`: no limit.
    pub visits_per_tenant: Option<u32>,
    /// Days audit entries are kept; `None`: for ever.
    pub audit_retention_days: Option<u32>,
    /// How long a wrong API key or admin token waits for its refusal; at most twice as long.
    pub wrong_key_delay: Duration,
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
        db: Database,
        master_key: MasterKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: AppSettings,
    ) -> Result<Arc<Self>, BuildError> {
        let hasher =
            Hasher::start(settings.hash_threads, settings.hash_queue, settings.hash_cost, Arc::clone(&entropy))?;
        let known = VerifiedKeys::new(settings.key_cache, entropy.as_ref())?;
        Ok(Arc::new(Self {
            keys: KeyCheck::new(hasher, known),
            tenants: TenantCache::new(settings.tenant_cache),
            pending_ceremonies: PendingCeremonies::default(),
            key_usage: KeyUsage::default(),
            daily_counts: DailyCounts::default(),
            rate_limits: RateLimits::new(settings.visits_per_address, settings.visits_per_tenant),
            metrics: Metrics::new()?,
            overloads: Overloads::default(),
            stopwatch: Stopwatch,
            started: Stopwatch.start(),
            db,
            clock,
            entropy,
            master_key,
            settings,
        }))
    }
}
