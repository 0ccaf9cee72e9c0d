//! Tenants as requests see them: everything a request needs to know of its tenant, parsed once and remembered until an
//! administrator changes anything.

use std::{collections::HashMap, sync::Arc};

use doorward_shared::{ApiKeyId, TenantId};
use quick_cache::sync::Cache;

use super::Failure;
use crate::{
    app::App,
    crypto::KeySet,
    domain::{ApiKey, CeremonyPolicy, CorsRules, RelyingPartyPolicy, Tenant},
    store::{StoreError, api_keys, signing_keys, tenants},
};

/// A tenant as of one moment.
#[derive(Debug)]
pub struct TenantSnapshot {
    /// The tenant.
    pub tenant: Tenant,
    /// Who asks, in all its ceremonies.
    pub relying_party: RelyingPartyPolicy,
    /// What passkey ceremonies and transactions ask for.
    pub passkey_policy: CeremonyPolicy,
    /// What second-factor ceremonies ask for.
    pub mfa_policy: CeremonyPolicy,
    /// Which web pages may call.
    pub cors: CorsRules,
    /// API keys that are not revoked; they may have expired.
    pub api_keys: HashMap<ApiKeyId, ApiKey>,
    /// Keys that sign or are still published.
    pub signing_keys: KeySet,
    epoch: u64,
}

impl TenantSnapshot {
    /// The tenant's id.
    #[must_use]
    pub const fn id(&self) -> TenantId {
        self.tenant.id
    }
}

/// Snapshots of the tenants lately asked for.
#[derive(Debug)]
pub struct TenantCache {
    snapshots: Cache<TenantId, Arc<TenantSnapshot>>,
}

impl TenantCache {
    /// Remembers at most this many tenants.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { snapshots: Cache::new(capacity) }
    }

    /// The tenant as of now: a remembered snapshot counts only while no administrator, here or in another process,
    /// has changed anything since it was read.
    ///
    /// # Errors
    /// When the tenant must be read and the database cannot, or a signing key cannot be opened.
    pub async fn get(&self, app: &App, id: TenantId) -> Result<Option<Arc<TenantSnapshot>>, Failure> {
        let epoch = app.store.epoch();
        if let Some(snapshot) = self.snapshots.get(&id).filter(|snapshot| snapshot.epoch == epoch) {
            return Ok(Some(snapshot));
        }
        // The epoch was taken before the read: what changes meanwhile makes this snapshot stale at its next use.
        let found = app
            .store
            .read(move |connection| {
                let Some(tenant) = tenants::find(connection, id)? else { return Ok(None) };
                let keys = api_keys::list(connection, id)?;
                Ok::<_, StoreError>(Some((tenant, keys, signing_keys::list(connection, id)?)))
            })
            .await?;
        let Some((tenant, keys, records)) = found else {
            self.snapshots.remove(&id);
            return Ok(None);
        };
        let snapshot = Arc::new(TenantSnapshot {
            relying_party: tenant.relying_party(),
            passkey_policy: tenant.passkey_policy(),
            mfa_policy: tenant.mfa_policy(),
            cors: CorsRules::new(&tenant.config.cors),
            api_keys: keys.into_iter().map(|key| (key.id, key)).collect(),
            signing_keys: KeySet::open(&records, &app.master_key, app.clock.now())?,
            tenant,
            epoch,
        });
        self.snapshots.insert(id, Arc::clone(&snapshot));
        Ok(Some(snapshot))
    }
}
