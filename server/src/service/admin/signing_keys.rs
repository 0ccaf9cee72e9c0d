//! Rotates, lists and retires signing keys of a tenant.

use std::sync::Arc;

use doorward_shared::{
    AuditType, SigningKeyId, TenantId, Timestamp,
    admin::{CreateSigningKeyRequest, SigningAlgorithm, SigningKeyItem},
};
use serde_json::json;

use super::context::{AdminContext, find_tenant, lock_tenant};
use crate::{
    clock, crypto,
    domain::SigningKeyRecord,
    service::{Refusal, ServiceError},
    store::signing_keys as table,
};

/// Milliseconds between the publication of a new key and its first use: longer than clients may cache a JWKS document.
pub const PUBLISHED_BEFORE_SIGNING_MS: i64 = 15 * 60 * 1_000;

/// Generates a key on a blocking thread, without storing it.
pub(super) async fn generate(
    context: &AdminContext,
    tenant: TenantId,
    algorithm: SigningAlgorithm,
    now: Timestamp,
    signs_from: Timestamp,
) -> Result<SigningKeyRecord, ServiceError> {
    let app = Arc::clone(&context.app);
    let id = SigningKeyId::new(clock::random_uuid(app.entropy.as_ref())?);
    let made = tokio::task::spawn_blocking(move || {
        crypto::signing_key::generate(tenant, id, algorithm, now, signs_from, &app.master_key, app.entropy.as_ref())
    });
    let made = made.await.map_err(|error| ServiceError::Internal(format!("signing key generation: {error}")))?;
    Ok(made?)
}

/// Publishes a new key now. After [`PUBLISHED_BEFORE_SIGNING_MS`], it signs and the current keys are retired.
pub async fn create(
    context: &AdminContext,
    tenant: TenantId,
    request: CreateSigningKeyRequest,
) -> Result<SigningKeyItem, ServiceError> {
    let now = context.app.clock.now();
    let signs_from = now.plus_millis(PUBLISHED_BEFORE_SIGNING_MS);
    let keys = list(context, tenant).await?;
    let current = keys.iter().find(|key| key.signing).map(|key| key.algorithm);
    let algorithm = request.algorithm.or(current).unwrap_or(SigningAlgorithm::Es256);
    let key = generate(context, tenant, algorithm, now, signs_from).await?;
    let entry = context.event(tenant, AuditType::SigningKeyCreated, now)?;
    let entry = entry.detail(json!({ "id": key.id, "algorithm": algorithm, "signs_from": signs_from }));
    context
        .change(move |connection| {
            lock_tenant(connection, tenant)?;
            for old in table::list(connection, tenant)? {
                if old.retired_at.is_none() {
                    table::schedule_retirement(connection, tenant, old.id, Some(signs_from))?;
                }
            }
            table::insert(connection, &key)?;
            entry.write(connection)?;
            Ok(item(&key, false))
        })
        .await
}

/// Returns all published keys, newest first.
pub async fn list(context: &AdminContext, tenant: TenantId) -> Result<Vec<SigningKeyItem>, ServiceError> {
    let snapshot = context.app.tenant(tenant).await?.ok_or(Refusal::TenantNotFound)?;
    let signing = snapshot.signing_keys.active_id(context.app.clock.now());
    let records = context
        .read(move |connection| {
            find_tenant(connection, tenant)?;
            Ok(table::list(connection, tenant)?)
        })
        .await?;
    Ok(records.iter().rev().map(|record| item(record, Some(record.id) == signing)).collect())
}

/// Retires a key at once. It stays published until the tokens it signed have expired.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::SecretNotFound`], or [`Refusal::SecretInUse`] for the only usable key.
pub async fn retire(context: &AdminContext, tenant: TenantId, id: SigningKeyId) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(tenant, AuditType::SigningKeyRetired, now)?;
    context
        .change(move |connection| {
            lock_tenant(connection, tenant)?;
            let keys = table::list(connection, tenant)?;
            let usable = |key: &&SigningKeyRecord| key.retired_at.is_none_or(|at| at > now);
            let key = keys.iter().find(|key| key.id == id).ok_or(Refusal::SecretNotFound)?;
            if keys.iter().filter(usable).all(|key| key.id == id) {
                return Err(Refusal::SecretInUse.into());
            }
            // All other keys may be scheduled to retire in favour of this one. Then the newest of them stays in use.
            let others = || keys.iter().filter(usable).filter(|key| key.id != id);
            let successor = others().max_by_key(|key| key.signs_from);
            if let Some(successor) = successor.filter(|_| others().all(|key| key.retired_at.is_some())) {
                table::schedule_retirement(connection, tenant, successor.id, None)?;
            }
            table::schedule_retirement(connection, tenant, id, Some(now))?;
            Ok(entry.detail(json!({ "id": id, "algorithm": key.algorithm })).write(connection)?)
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
