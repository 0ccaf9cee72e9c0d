//! Replaces signing keys that are older than the setting `token.rotate_every`.

use std::sync::Arc;

use doorward_shared::{TenantId, counted};

use crate::{
    app::App,
    db::DbError,
    domain::{RequestMeta, SigningKeyRecord},
    service::{
        Refusal, ServiceError,
        admin::{AdminContext, import, signing_keys},
    },
    store::signing_keys as table,
};

/// Number of keys that one unit of work reads.
const BATCH: i64 = 500;
const DAY_MS: i64 = 86_400_000;
const ACTOR: &str = "job:token.rotate_every";

/// Replaces the due signing keys of all tenants and returns their number. Does nothing if the setting is off.
///
/// # Errors
/// An error if the keys cannot be read. If a key cannot be replaced, the other tenants are tried before the error is
/// returned.
pub async fn rotate_signing_keys(app: &Arc<App>) -> Result<usize, DbError> {
    let Some(days) = app.settings.rotate_every_days else { return Ok(0) };
    let before = app.clock.now().plus_millis(-i64::from(days) * DAY_MS);
    let meta = RequestMeta { request_id: ACTOR.to_owned(), source_ip: "local".to_owned(), ..RequestMeta::default() };
    let context = AdminContext { app: Arc::clone(app), actor: ACTOR.to_owned(), meta, scope: None };
    let (mut rotated, mut failed) = (0, 0_usize);
    let mut tenants = Tenants::default();
    while let Some(keys) = tenants.next(app).await? {
        let Some(tenant) = keys.first().map(|key| key.tenant_id) else { continue };
        if !signing_keys::is_due(&keys, before, app.clock.now()) {
            continue;
        }
        // Do not replace the keys of an imported tenant that has not been used in Doorward yet: the system from which
        // it was imported still serves it, and applications verify tokens with the imported keys.
        match import::waits_for_switch(&context, tenant).await {
            Ok(false) => {}
            Ok(true) => continue,
            Err(error) => {
                failed += 1;
                tracing::warn!(%tenant, %error, "the signing key is due for rotation but was not replaced");
                continue;
            }
        }
        match signing_keys::rotate_if_due(&context, tenant, before).await {
            Ok(done) => rotated += usize::from(done),
            // The tenant was deleted.
            Err(ServiceError::Refused(Refusal::TenantNotFound)) => {}
            Err(error) => {
                failed += 1;
                tracing::warn!(%tenant, %error, "the signing key is due for rotation but was not replaced");
            }
        }
    }
    app.metrics.signing_keys_rotated.increment(rotated as u64);
    match failed {
        0 => Ok(rotated),
        number => {
            let tenants = counted(number, "tenant");
            Err(DbError::Database(format!("the signing keys were not replaced for {tenants}")))
        }
    }
}

/// Reads the signing keys of all tenants, one tenant at a time.
#[derive(Default)]
struct Tenants {
    /// Keys that were read and not yet returned, in reverse order.
    pending: Vec<SigningKeyRecord>,
    after: Option<(TenantId, doorward_shared::SigningKeyId)>,
    at_end: bool,
}

impl Tenants {
    /// Returns all keys of the next tenant; `None` after the last one.
    async fn next(&mut self, app: &App) -> Result<Option<Vec<SigningKeyRecord>>, DbError> {
        while !self.at_end && self.pending.first().is_none_or(|last| self.begins_with(last.tenant_id)) {
            let after = self.after;
            let batch = app.db.read(move |connection| table::list_of_all(connection, after, BATCH)).await?;
            self.at_end = batch.is_empty();
            self.after = batch.last().map(|key| (key.tenant_id, key.id)).or(self.after);
            self.pending.splice(0..0, batch.into_iter().rev());
        }
        let Some(tenant) = self.pending.last().map(|key| key.tenant_id) else { return Ok(None) };
        let rest = self.pending.iter().rposition(|key| key.tenant_id != tenant).map_or(0, |last| last + 1);
        Ok(Some(self.pending.split_off(rest)))
    }

    /// Returns whether the next pending key belongs to this tenant. [`Self::next`] passes the tenant of the last
    /// pending key. If the result is `true`, all pending keys belong to this tenant, and the next batch may contain
    /// more of its keys.
    fn begins_with(&self, tenant: TenantId) -> bool {
        self.pending.last().is_some_and(|first| first.tenant_id == tenant)
    }
}
