//! Replaces signing keys that the master key cannot decrypt, after the original master key was lost.

use doorward_shared::{AuditType, TenantId, admin::SigningAlgorithm};
use serde_json::json;

use super::{
    context::{AdminContext, lock_tenant},
    signing_keys::generate,
};
use crate::{
    crypto::{MasterKey, MasterKeyError, SigningKey, SigningKeyError},
    domain::SigningKeyRecord,
    service::ServiceError,
    store::signing_keys as table,
};

/// Retires all usable keys of a tenant and creates a new key that signs at once. Changes nothing if the tenant has
/// usable keys and the master key decrypts all of them. Returns whether the keys were replaced. Retired keys stay
/// published until the tokens that they signed have expired.
///
/// # Errors
/// [`ServiceError::Internal`] if a newer version of Doorward encrypted one of the keys. In this case, nothing is
/// changed.
pub async fn replace(context: &AdminContext, tenant: TenantId) -> Result<bool, ServiceError> {
    let now = context.app.clock.now();
    let usable = move |key: &SigningKeyRecord| key.has_private_key() && key.retired_at.is_none_or(|at| at > now);
    let keys = context.read(move |connection| Ok(table::list(connection, tenant)?)).await?;
    let current: Vec<_> = keys.iter().filter(|key| usable(key)).collect();
    if !current.is_empty() && all_open(&current, &context.app.master_key)? {
        return Ok(false);
    }
    let algorithm =
        current.iter().max_by_key(|key| key.signs_from).map_or(SigningAlgorithm::Es256, |key| key.algorithm);
    let key = generate(context, tenant, algorithm, now, now).await?;
    let created = context.event(tenant, AuditType::SigningKeyCreated, now)?;
    let created = created.detail(json!({ "id": key.id, "algorithm": algorithm, "signs_from": now }));
    let retired = context.event(tenant, AuditType::SigningKeyRetired, now)?;
    context
        .change(move |connection| {
            lock_tenant(connection, tenant)?;
            for old in table::list(connection, tenant)?.iter().filter(|key| usable(key)) {
                table::schedule_retirement(connection, tenant, old.id, Some(now))?;
                let detail = json!({ "id": old.id, "algorithm": old.algorithm });
                retired.clone().detail(detail).write(connection)?;
            }
            table::insert(connection, &key)?;
            Ok(created.write_with(connection, true)?)
        })
        .await
}

/// Returns whether the master key decrypts all keys.
fn all_open(keys: &[&SigningKeyRecord], master: &MasterKey) -> Result<bool, SigningKeyError> {
    let mut all = true;
    for key in keys {
        match SigningKey::open(key, master) {
            Err(error @ SigningKeyError::Master(MasterKeyError::NewerFormat(_))) => return Err(error),
            opened => all &= opened.is_ok(),
        }
    }
    Ok(all)
}
