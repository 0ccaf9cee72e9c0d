//! Encrypts all sealed values with a new master key. The caller holds the exclusive process lock.

use std::sync::Arc;

use doorward_shared::{AuditType, SigningKeyId, TenantId};
use serde_json::json;

use super::context::AdminContext;
use crate::{
    crypto::{DigestKey, MasterKey, MasterKeyError},
    domain::SigningKeyRecord,
    service::ServiceError,
    store::{installation, signing_keys as table},
};

/// Maximum number of signing keys in one unit of work.
const BATCH: i64 = 500;

/// Counts of the signing keys that a rotation has examined.
#[derive(Debug, Clone, Copy, Default)]
pub struct Resealed {
    /// Number of keys that are encrypted with the new master key.
    pub signing_keys: usize,
    /// Number of keys that neither the old nor the new master key decrypts. These are damaged, or `signing-key reset`
    /// retired them after the loss of their master key.
    pub undecryptable: usize,
}

/// Stores a marker: the check text (a fixed text), encrypted with the new master key. While the marker exists, the
/// rotation is incomplete.
pub async fn begin(context: &AdminContext, check_text: String) -> Result<(), ServiceError> {
    let put = move |connection: &mut _| installation::put(connection, installation::ROTATION, &check_text);
    Ok(context.app.db.write_and_invalidate(put).await?)
}

/// Encrypts every signing key with the new master key. Signing keys that an interrupted rotation has already encrypted
/// with the new master key stay unchanged.
pub async fn reseal_signing_keys(context: &AdminContext, new: &Arc<MasterKey>) -> Result<Resealed, ServiceError> {
    let mut total = Resealed::default();
    let mut after = None;
    loop {
        let batch = context.read(move |connection| Ok(table::list_of_all(connection, after, BATCH)?)).await?;
        let Some(last) = batch.last() else { return Ok(total) };
        after = Some((last.tenant_id, last.id));
        let mut changed = Vec::new();
        for key in &batch {
            if key.sealed_private_key.is_empty() {
                continue;
            }
            match reseal(context, new, key).map_err(failed)? {
                Outcome::Current => total.signing_keys += 1,
                Outcome::Undecryptable => total.undecryptable += 1,
                Outcome::Resealed(sealed) => {
                    total.signing_keys += 1;
                    changed.push((key.tenant_id, key.id, sealed));
                }
            }
        }
        store(context, changed).await?;
    }
}

/// Encrypts the digest key of imported API keys with the new master key. If neither the old nor the new master key
/// decrypts the digest key, it stays unchanged: it was unusable even before the rotation.
pub async fn reseal_digest_key(context: &AdminContext, new: &MasterKey) -> Result<(), ServiceError> {
    let stored = context.read(|connection| Ok(installation::get(connection, installation::SEALED_DIGEST_KEY)?)).await?;
    let Some(stored) = stored else { return Ok(()) };
    let app = &context.app;
    match DigestKey::reseal(&app.master_key, new, &stored, app.entropy.as_ref()) {
        Ok(None) | Err(MasterKeyError::Open) => Ok(()),
        Ok(Some(sealed)) => {
            let put = move |connection: &mut _| installation::put(connection, installation::SEALED_DIGEST_KEY, &sealed);
            Ok(app.db.write_and_invalidate(put).await?)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Removes the marker that [`begin`] stored, and makes the new key the master key of the installation.
pub async fn finish(context: &AdminContext, check_text: String, resealed: Resealed) -> Result<(), ServiceError> {
    let entry = context.event(TenantId::INSTALLATION, AuditType::MasterKeyRotated, context.app.clock.now())?;
    let entry = entry.detail(json!({
        "signing_keys": resealed.signing_keys, "undecryptable": resealed.undecryptable,
    }));
    context
        .change(move |connection| {
            installation::delete(connection, installation::ROTATION)?;
            installation::put(connection, installation::SEALED_WORD, &check_text)?;
            Ok(entry.write_with(connection, ())?)
        })
        .await
}

enum Outcome {
    Current,
    Resealed(Vec<u8>),
    Undecryptable,
}

fn reseal(context: &AdminContext, new: &MasterKey, key: &SigningKeyRecord) -> Result<Outcome, MasterKeyError> {
    let open = |master: &MasterKey| master.open(key.tenant_id, key.id, &key.sealed_private_key);
    if open(new).is_ok() {
        return Ok(Outcome::Current);
    }
    match open(&context.app.master_key) {
        Ok(plain) => new.seal(key.tenant_id, key.id, &plain, context.app.entropy.as_ref()).map(Outcome::Resealed),
        Err(MasterKeyError::Open) => Ok(Outcome::Undecryptable),
        Err(error) => Err(error),
    }
}

async fn store(context: &AdminContext, changed: Vec<(TenantId, SigningKeyId, Vec<u8>)>) -> Result<(), ServiceError> {
    if changed.is_empty() {
        return Ok(());
    }
    let reseal = move |connection: &mut _| {
        changed.iter().try_for_each(|(tenant, id, sealed)| table::reseal(connection, *tenant, *id, sealed).map(drop))
    };
    Ok(context.app.db.write_and_invalidate(reseal).await?)
}

/// Converts an error of a master key into an internal error.
pub fn failed(error: MasterKeyError) -> ServiceError {
    ServiceError::Internal(error.to_string())
}
