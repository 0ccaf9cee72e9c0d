//! Cache of tenant snapshots. A snapshot contains everything that requests need about their tenant, in parsed form. A
//! snapshot is valid until the next administrative change.

use std::{collections::HashMap, sync::Arc};

use doorward_shared::{ApiKeyId, TenantId, Timestamp};
use quick_cache::sync::Cache;

use super::ServiceError;
use crate::{
    crypto::{DigestKey, KeySet, MasterKey, PlainSecret, PresentedKey, SigningKeyError, api_key::imported_secret},
    db::{self, Database, DbError},
    domain::{ApiKey, Ceremony, CeremonyPolicy, CorsRules, RelyingPartyPolicy, SecretDigest, Tenant},
    store::{api_keys, installation, signing_keys, tenants},
};

/// A tenant with its keys at one point in time.
#[derive(Debug)]
pub struct TenantSnapshot {
    pub tenant: Tenant,
    pub relying_party: RelyingPartyPolicy,
    passkey_policy: CeremonyPolicy,
    mfa_policy: CeremonyPolicy,
    pub cors: CorsRules,
    /// API keys that are not revoked, including expired ones.
    pub api_keys: HashMap<ApiKeyId, ApiKey>,
    /// Digests of the imported API keys; `None` if the tenant has no imported key or the digest key does not exist.
    imported_keys: Option<ImportedKeys>,
    /// The published signing keys, including retired keys and keys that do not sign yet.
    pub signing_keys: KeySet,
    change_counter: u64,
}

/// The imported API keys of a tenant.
#[derive(Debug)]
struct ImportedKeys {
    digest_key: DigestKey,
    ids: HashMap<SecretDigest, ApiKeyId>,
}

impl ImportedKeys {
    /// Decrypts the digest key and maps the digests of imported keys to key ids. Returns `None` if the tenant has no
    /// imported key, or if the digest key does not exist. `signing-key reset` deletes the digest key after the loss of
    /// the master key.
    fn open(keys: &[ApiKey], sealed: Option<&str>, master: &MasterKey) -> Result<Option<Self>, SigningKeyError> {
        let Some(sealed) = sealed else { return Ok(None) };
        let ids: HashMap<_, _> = keys.iter().filter_map(|key| Some((key.digest.clone()?, key.id))).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { digest_key: DigestKey::open(master, sealed)?, ids }))
    }
}

impl TenantSnapshot {
    /// Returns the secret in a value that may be an imported API key; `None` if the value does not have the form of
    /// such a key, or if the tenant has no imported keys.
    pub fn imported_secret(&self, value: &str) -> Option<PlainSecret> {
        self.imported_keys.as_ref().and_then(|_| imported_secret(value))
    }

    /// Finds the imported API key with this secret by its digest. The caller must still verify the key.
    pub fn imported_key(&self, secret: PlainSecret) -> Option<PresentedKey> {
        let imported = self.imported_keys.as_ref()?;
        let id = imported.ids.get(&imported.digest_key.digest(self.id(), &secret))?;
        Some(PresentedKey { id: id.uuid(), secret })
    }

    pub const fn id(&self) -> TenantId {
        self.tenant.id
    }

    pub const fn policy(&self, ceremony: Ceremony) -> CeremonyPolicy {
        if ceremony.is_mfa() { self.mfa_policy } else { self.passkey_policy }
    }
}

/// Maximum number of unknown tenant ids that are cached.
const MAX_ABSENT: usize = 10_000;

/// Snapshots of recently used tenants, and recently requested ids that no tenant has.
#[derive(Debug)]
pub struct TenantCache {
    snapshots: Cache<TenantId, Arc<TenantSnapshot>>,
    /// For each id, the value of the change counter at which no tenant had this id.
    absent: Cache<TenantId, u64>,
    hits: metrics::Counter,
    misses: metrics::Counter,
}

impl TenantCache {
    pub fn new(capacity: usize, hits: metrics::Counter, misses: metrics::Counter) -> Self {
        Self { snapshots: Cache::new(capacity), absent: Cache::new(MAX_ABSENT), hits, misses }
    }

    /// Returns the cached result for a tenant id: the current snapshot, or `Some(None)` for an unknown tenant. Returns
    /// `None` if the database must be read.
    pub fn cached(&self, change_counter: u64, id: TenantId) -> Option<Option<Arc<TenantSnapshot>>> {
        let snapshot = self.snapshots.get(&id).filter(|snapshot| snapshot.change_counter == change_counter);
        let found = match snapshot {
            Some(snapshot) => Some(Some(snapshot)),
            None => (self.absent.get(&id) == Some(change_counter)).then_some(None),
        };
        if found.is_some() { &self.hits } else { &self.misses }.increment(1);
        found
    }

    /// Returns the current snapshot, or `None` for an unknown tenant. A cached snapshot is used only if no process has
    /// committed an administrative change since the snapshot was read.
    ///
    /// # Errors
    /// An error if the tenant cannot be read from the database, or if the master key does not decrypt a signing key or
    /// the digest key.
    pub async fn get(
        &self,
        db: &Database,
        master_key: &MasterKey,
        now: Timestamp,
        id: TenantId,
    ) -> Result<Option<Arc<TenantSnapshot>>, ServiceError> {
        let change_counter = db.change_counter();
        if let Some(found) = self.cached(change_counter, id) {
            return Ok(found);
        }
        // The counter was read before the tenant, so a concurrent change makes this snapshot stale at its next use.
        let found = db
            .read(move |connection| {
                let may_cache = db::may_cache(connection, change_counter)?;
                let Some(tenant) = tenants::find(connection, id)? else { return Ok((None, may_cache)) };
                let keys = api_keys::list(connection, id)?;
                let digest_key = match keys.iter().any(|key| key.digest.is_some()) {
                    true => installation::get(connection, installation::SEALED_DIGEST_KEY)?,
                    false => None,
                };
                let records = signing_keys::list(connection, id)?;
                Ok::<_, DbError>((Some((tenant, keys, digest_key, records)), may_cache))
            })
            .await?;
        let (found, may_cache) = found;
        let Some((tenant, keys, digest_key, records)) = found else {
            self.snapshots.remove(&id);
            if may_cache {
                self.absent.insert(id, change_counter);
            }
            return Ok(None);
        };
        let snapshot = Arc::new(TenantSnapshot {
            relying_party: tenant.relying_party(),
            passkey_policy: tenant.passkey_policy(),
            mfa_policy: tenant.mfa_policy(),
            cors: CorsRules::new(&tenant.config.cors),
            imported_keys: ImportedKeys::open(&keys, digest_key.as_deref(), master_key)?,
            api_keys: keys.into_iter().map(|key| (key.id, key)).collect(),
            signing_keys: KeySet::open(&records, master_key, now)?,
            tenant,
            change_counter,
        });
        if may_cache {
            self.snapshots.insert(id, Arc::clone(&snapshot));
        }
        Ok(Some(snapshot))
    }
}
