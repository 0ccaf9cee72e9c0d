//! State that all requests of an installation share. `main` and tests build this state in the same way. There are no
//! globals.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use doorward_shared::TenantId;
use ipnet::IpNet;

use crate::{
    backup::{self, Scheduled},
    clock::{Clock, Entropy, NoEntropy},
    crypto::{KeyVerifier, MasterKey},
    db::{Database, DatabaseMetrics, DbError},
    domain::{Metadata, forward_target::ForwardTarget},
    metrics::Metrics,
    rate_limit::{RateLimits, RejectedRequests},
    service::{
        ServiceError,
        audit_limit::AuditLimit,
        daily_counts::DailyCounts,
        key_usage::KeyUsage,
        metadata_cache::MetadataCache,
        pending_ceremonies::PendingCeremonies,
        probe_results::ProbeResults,
        readiness::Readiness,
        tenant_cache::{TenantCache, TenantSnapshot},
    },
    stopwatch::Stopwatch,
    traces::{Exporter, Traces, TracesSettings},
    untrusted_peers::UntrustedPeers,
};

#[derive(Debug)]
pub struct App {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub master_key: Arc<MasterKey>,
    pub keys: KeyVerifier,
    /// Cache of tenants. Other modules use [`App::tenant`].
    tenants: TenantCache,
    pub pending_ceremonies: PendingCeremonies,
    /// Cache of the FIDO metadata. Other modules use [`App::metadata`].
    metadata: MetadataCache,
    pub readiness: Readiness,
    /// Results of scheduled probes.
    pub probe_results: ProbeResults,
    /// Times of the last use of keys and the last activity of tenants, kept until a job writes them to the database.
    pub key_usage: KeyUsage,
    /// Cache of the daily counts of audit entries.
    pub daily_counts: DailyCounts,
    pub rate_limits: RateLimits,
    /// Peers that send `X-Forwarded-For` although they are not trusted proxies.
    pub untrusted_peers: UntrustedPeers,
    /// Limits the number of audit entries per minute for refused changes.
    pub refused_changes: AuditLimit,
    /// Scheduled backups; `None` if they are off.
    pub backups: Option<Scheduled>,
    pub metrics: Metrics,
    pub traces: Traces,
    /// Exporter of spans, until [`App::take_exporter`] takes it; `None` from then on, or if traces are off.
    exporter: Mutex<Option<Exporter>>,
    pub stopwatch: Stopwatch,
    pub started: std::time::Instant,
    /// Whether a stop signal was received. The server then reports that it is not ready, but still serves requests.
    stopping: AtomicBool,
    pub settings: AppSettings,
}

/// Settings of request processing.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// Claim `iss` of the tokens that Doorward issues.
    pub issuer: String,
    /// Maximum size of a request body in bytes.
    pub body_limit: usize,
    pub body_timeout: Duration,
    /// Addresses of proxies whose `X-Forwarded-For` header is trusted.
    pub trusted_proxies: Vec<IpNet>,
    pub json_depth: usize,
    /// Maximum number of requests without a valid key that one address may send per minute; `None` for no limit.
    pub visits_per_address: Option<u32>,
    /// Maximum number of requests without a valid key that one tenant accepts per minute; `None` for no limit.
    pub visits_per_tenant: Option<u32>,
    /// Number of days after which a signing key is replaced; `None` if signing keys are not replaced automatically.
    pub rotate_every_days: Option<u32>,
    /// Maximum number of days until a new admin token expires; `None` if tokens need not expire.
    pub admin_token_days: Option<u32>,
    /// Number of days after which audit entries are deleted; `None` to keep all entries.
    pub audit_retention_days: Option<u32>,
    /// Targets of audit forwarding. Retention keeps entries that at least one target has not received.
    pub audit_forward: Vec<ForwardTarget>,
    /// Schedule of backups; `None` if they are off.
    pub backup: Option<backup::Plan>,
    /// Minimum delay of a response that rejects a missing or wrong key. The maximum delay is twice this time.
    pub wrong_key_delay: Duration,
    /// Maximum number of cached tenants.
    pub tenant_cache: usize,
    /// Maximum number of cached verified keys.
    pub key_cache: usize,
    /// Settings of traces; `None` if requests are not traced.
    pub traces: Option<TracesSettings>,
}

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

impl App {
    pub fn new(
        db: Database,
        master_key: Arc<MasterKey>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: AppSettings,
    ) -> Result<Arc<Self>, BuildError> {
        let metrics = Metrics::new()?;
        let rejected = RejectedRequests {
            by_address: metrics.rate_limited("address"),
            by_network: metrics.rate_limited("network"),
            by_tenant: metrics.rate_limited("tenant"),
        };
        let (tenants, pending) = (metrics.cache("tenants"), metrics.cache("pending_ceremonies"));
        db.instrument(DatabaseMetrics {
            read_seconds: metrics.database_queue_seconds("read"),
            write_seconds: metrics.database_queue_seconds("write"),
            commit_seconds: metrics.database_commit_seconds(),
        });
        let traces = settings.traces.clone().map(|settings| Traces::new(settings, metrics.dropped_spans()));
        let (traces, exporter) = traces.unzip();
        Ok(Arc::new(Self {
            keys: KeyVerifier::new(settings.key_cache, entropy.as_ref())?,
            tenants: TenantCache::new(settings.tenant_cache, tenants.hits, tenants.misses),
            pending_ceremonies: PendingCeremonies::new(pending.hits, pending.misses),
            metadata: MetadataCache::default(),
            readiness: Readiness::default(),
            probe_results: ProbeResults::default(),
            key_usage: KeyUsage::default(),
            daily_counts: DailyCounts::default(),
            rate_limits: RateLimits::new(settings.visits_per_address, settings.visits_per_tenant, rejected),
            refused_changes: AuditLimit::default(),
            backups: settings.backup.clone().map(Scheduled::new),
            untrusted_peers: UntrustedPeers::default(),
            metrics,
            traces: traces.unwrap_or_default(),
            exporter: Mutex::new(exporter),
            stopwatch: Stopwatch,
            started: Stopwatch.start(),
            stopping: AtomicBool::new(false),
            db,
            clock,
            entropy,
            master_key,
            settings,
        }))
    }

    /// Makes the readiness check fail, so that load balancers send no more requests.
    pub fn begin_stop(&self) {
        self.stopping.store(true, Relaxed);
    }

    /// Returns the exporter of spans at the first call; `None` at later calls, or if traces are off.
    pub fn take_exporter(&self) -> Option<Exporter> {
        self.exporter.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// Returns the current snapshot of a tenant without reading the database: `Some(None)` if the tenant does not
    /// exist, `None` if the cache does not contain the tenant.
    pub fn cached_tenant(&self, id: TenantId) -> Option<Option<Arc<TenantSnapshot>>> {
        self.tenants.cached(self.db.change_counter(), id)
    }

    /// Returns the metadata of the newest import; it is empty if nothing was imported.
    pub async fn metadata(&self) -> Result<Arc<Metadata>, DbError> {
        self.metadata.get(&self.db).await
    }

    /// Returns the current snapshot of a tenant; `None` if the tenant does not exist.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Arc<TenantSnapshot>>, ServiceError> {
        self.tenants.get(&self.db, &self.master_key, self.clock.now(), id).await
    }
}
