//! A tenant's signing keys: rotate, list, retire.

use std::sync::Arc;

use doorward_shared::{
    AuditType, SigningKeyId, TenantId, Timestamp,
    admin::{CreateSigningKeyRequest, SigningAlgorithm, SigningKeyItem},
};
use serde_json::json;

use super::{AdminCall, granted, locked};
use crate::{
    clock, crypto,
    domain::SigningKeyRecord,
    service::{Refusal, ServiceError},
    store::{signing_keys as table, tenants},
};

/// How long a new key is published before it signs: longer than clients may keep a JWKS document.
pub const PUBLISHED_BEFORE_SIGNING_MS: i64 = 15 * 60 * 1_000;

/// Makes a key away from the threads that serve requests; nothing is stored yet.
pub(super) async fn generate(
    call: &AdminCall,
    tenant: TenantId,
    algorithm: SigningAlgorithm,
    now: Timestamp,
    signs_from: Timestamp,
) -> Result<SigningKeyRecord, ServiceError> {
    let app = Arc::clone(&call.app);
    let id = SigningKeyId::new(clock::random_uuid(app.entropy.as_ref())?);
    let made = tokio::task::spawn_blocking(move || {
        crypto::signing_key::generate(tenant, id, algorithm, now, signs_from, &app.master_key, app.entropy.as_ref())
    });
    let made = made.await.map_err(|error| ServiceError::Internal(format!("signing key generation: {error}")))?;
    Ok(made?)
}

/// Rotates: publishes a new key now, which signs from [`PUBLISHED_BEFORE_SIGNING_MS`] on, when the present ones retire.
///
/// # Errors
/// [`Refusal::TenantNotFound`].
pub async fn create(
    call: &AdminCall,
    tenant: TenantId,
    request: CreateSigningKeyRequest,
) -> Result<SigningKeyItem, ServiceError> {
    let now = call.app.clock.now();
    let signs_from = now.plus_millis(PUBLISHED_BEFORE_SIGNING_MS);
    let present = list(call, tenant).await?;
    let present = present.iter().find(|key| key.signing).map(|key| key.algorithm);
    let algorithm = request.algorithm.or(present).unwrap_or(SigningAlgorithm::Es256);
    let key = generate(call, tenant, algorithm, now, signs_from).await?;
    let event = call.event(tenant, AuditType::SigningKeyCreated, now)?;
    let event = event.detail(json!({ "id": key.id, "algorithm": algorithm, "signs_from": signs_from }));
    call.change(move |connection| {
        granted!(locked(connection, tenant)?);
        for old in table::list(connection, tenant)? {
            if old.retired_at.is_none() {
                table::schedule_retirement(connection, tenant, old.id, Some(signs_from))?;
            }
        }
        table::insert(connection, &key)?;
        event.write(connection)?;
        Ok(Ok(item(&key, false)))
    })
    .await
}

/// All keys that are in use or still published, newest first.
///
/// # Errors
/// [`Refusal::TenantNotFound`].
pub async fn list(call: &AdminCall, tenant: TenantId) -> Result<Vec<SigningKeyItem>, ServiceError> {
    let snapshot = call.app.tenants.get(&call.app, tenant).await?.ok_or(Refusal::TenantNotFound)?;
    let signing = snapshot.signing_keys.active_id(call.app.clock.now());
    let records = call
        .read(move |connection| match tenants::find(connection, tenant)? {
            Some(_) => table::list(connection, tenant).map(Some),
            None => Ok(None),
        })
        .await?
        .ok_or(Refusal::TenantNotFound)?;
    Ok(records.iter().rev().map(|record| item(record, Some(record.id) == signing)).collect())
}

/// Takes a key out of use at once. It stays published until the tokens it signed have expired.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::SecretNotFound`], [`Refusal::SecretInUse`] for the only key that can sign.
pub async fn retire(call: &AdminCall, tenant: TenantId, id: SigningKeyId) -> Result<(), ServiceError> {
    let now = call.app.clock.now();
    let event = call.event(tenant, AuditType::SigningKeyRetired, now)?;
    call.change(move |connection| {
        granted!(locked(connection, tenant)?);
        let keys = table::list(connection, tenant)?;
        let usable = |key: &&SigningKeyRecord| key.retired_at.is_none_or(|at| at > now);
        let key = granted!(keys.iter().find(|key| key.id == id).ok_or(Refusal::SecretNotFound));
        if keys.iter().filter(usable).all(|key| key.id == id) {
            return Ok(Err(Refusal::SecretInUse));
        }
        // What remains must go on beyond the moment at which this key would have taken over.
        let others = || keys.iter().filter(usable).filter(|key| key.id != id);
        let heir = others().max_by_key(|key| key.signs_from);
        if let Some(heir) = heir.filter(|_| others().all(|key| key.retired_at.is_some())) {
            table::schedule_retirement(connection, tenant, heir.id, None)?;
        }
        table::schedule_retirement(connection, tenant, id, Some(now))?;
        event.detail(json!({ "id": id, "algorithm": key.algorithm })).write(connection)?;
        Ok(Ok(()))
    })
    .await
}

fn item(record: &SigningKeyRecord, signing: bool) -> SigningKeyItem {
    SigningKeyItem {
        id: record.id.uuid(),
        algorithm: record.algorithm,
        created_at: record.created_at,
        signs_from: record.signs_from,
        retired_at: record.retired_at,
        signing,
    }
}
