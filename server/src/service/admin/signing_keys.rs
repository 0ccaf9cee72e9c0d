//! Rotates, lists and retires signing keys of a tenant.

use std::{collections::BTreeSet, sync::Arc};

use doorward_shared::{
    AuditType, SigningKeyId, TenantId, Timestamp,
    admin::{CreateSigningKeyRequest, SigningAlgorithm, SigningKeyItem, WithdrawnSigningKey},
};
use serde_json::json;

use super::context::{AdminContext, find_tenant, lock_tenant};
use crate::{
    clock,
    crypto::{self, SigningKey, key_set::is_published},
    db::Connection,
    domain::SigningKeyRecord,
    service::{Refusal, ServiceError, audited::Audited},
    store::signing_keys as table,
};

/// Milliseconds between the publication of a new key and its first use: longer than clients may cache a JWKS document.
pub const PUBLISHED_BEFORE_SIGNING_MS: i64 = 15 * 60 * 1_000;

const DAY_MS: i64 = 86_400_000;

/// Consequences of a withdrawal for verifiers, which may cache the JWKS for 10 minutes.
const WITHDRAWAL_NOTICE: &str = "Tokens of the withdrawn key are refused by verifiers that read the JWKS from now on. \
    For up to 10 minutes, verifiers with a cached JWKS refuse new tokens, and may still accept tokens of the withdrawn key.";

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

/// Publishes a new key now. After [`PUBLISHED_BEFORE_SIGNING_MS`], or at once with `force`, the new key signs and the
/// current keys are retired.
pub async fn create(
    context: &AdminContext,
    tenant: TenantId,
    request: CreateSigningKeyRequest,
    force: bool,
) -> Result<SigningKeyItem, ServiceError> {
    let now = context.app.clock.now();
    let signs_from = if force { now } else { now.plus_millis(PUBLISHED_BEFORE_SIGNING_MS) };
    let made = publish(context, tenant, request.algorithm, signs_from, None).await?;
    made.ok_or_else(|| no_signing_key(tenant))
}

/// Replaces the tenant's signing key like [`create`], if the newest key began to sign at `before` or earlier. Returns
/// whether the key was replaced. Several nodes may call this at the same time; only one replaces the key.
pub async fn rotate_if_due(context: &AdminContext, tenant: TenantId, before: Timestamp) -> Result<bool, ServiceError> {
    let signs_from = context.app.clock.now().plus_millis(PUBLISHED_BEFORE_SIGNING_MS);
    Ok(publish(context, tenant, None, signs_from, Some(before)).await?.is_some())
}

/// Returns whether the newest of a tenant's usable keys began to sign at `before` or earlier.
pub fn is_due(keys: &[SigningKeyRecord], before: Timestamp, now: Timestamp) -> bool {
    keys.iter().filter(|key| is_usable(key, now)).map(|key| key.signs_from).max().is_some_and(|newest| newest <= before)
}

/// Publishes a new key that signs from `signs_from` on, and retires the current keys at that time. If `due_before` is
/// given and the tenant's keys are not due, does nothing and returns `None`.
async fn publish(
    context: &AdminContext,
    tenant: TenantId,
    algorithm: Option<SigningAlgorithm>,
    signs_from: Timestamp,
    due_before: Option<Timestamp>,
) -> Result<Option<SigningKeyItem>, ServiceError> {
    let now = context.app.clock.now();
    let keys = list(context, tenant).await?;
    let current = keys.iter().find(|key| key.signing).map(|key| key.algorithm);
    let algorithm = algorithm.or(current).unwrap_or(SigningAlgorithm::Es256);
    let every = context.app.settings.rotate_every_days;
    let key = generate(context, tenant, algorithm, now, signs_from).await?;
    let entry = context.event(tenant, AuditType::SigningKeyCreated, now)?;
    let entry = entry.detail(json!({ "id": key.id, "algorithm": algorithm, "signs_from": signs_from }));
    context
        .change(move |connection| {
            lock_tenant(connection, tenant)?;
            let keys = table::list(connection, tenant)?;
            if due_before.is_some_and(|before| !is_due(&keys, before, now)) {
                return Ok(Audited::without_entry(None));
            }
            for old in keys {
                // A key that signs at once also replaces keys that are scheduled to retire later.
                if old.retired_at.is_none_or(|at| at > signs_from) {
                    table::schedule_retirement(connection, tenant, old.id, Some(signs_from))?;
                }
            }
            table::insert(connection, &key)?;
            let item = SigningKeyItem { rotates_at: rotates_at(&key, every), ..item(&key, signs_from <= now) };
            Ok(entry.write_with(connection, Some(item))?)
        })
        .await
}

/// Returns all keys, newest first, including retired and withdrawn ones.
pub async fn list(context: &AdminContext, tenant: TenantId) -> Result<Vec<SigningKeyItem>, ServiceError> {
    let snapshot = context.app.tenant(tenant).await?.ok_or(Refusal::TenantNotFound)?;
    let signing = snapshot.signing_keys.active_id(context.app.clock.now());
    let records = context
        .read(move |connection| {
            find_tenant(connection, tenant)?;
            Ok(table::list(connection, tenant)?)
        })
        .await?;
    let every = context.app.settings.rotate_every_days;
    let now = context.app.clock.now();
    let newest = records.iter().filter(|key| is_usable(key, now)).max_by_key(|key| key.signs_from).map(|key| key.id);
    let item_of = |record: &SigningKeyRecord| SigningKeyItem {
        rotates_at: rotates_at(record, every.filter(|_| newest == Some(record.id))),
        ..item(record, Some(record.id) == signing)
    };
    Ok(records.iter().rev().map(item_of).collect())
}

fn rotates_at(key: &SigningKeyRecord, every_days: Option<u32>) -> Option<Timestamp> {
    every_days.map(|days| key.signs_from.plus_millis(i64::from(days) * DAY_MS))
}

/// Retires a key. It stays published until the tokens that it signed have expired. If no other key has been published
/// long enough to sign, the retired key continues to sign until another key has been published for that long.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::SecretNotFound`], [`Refusal::SecretInUse`] for the only usable key, or
/// [`Refusal::Conflict`] for a withdrawn key.
pub async fn retire(context: &AdminContext, tenant: TenantId, id: SigningKeyId) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(tenant, AuditType::SigningKeyRetired, now)?;
    context
        .change(move |connection| {
            lock_tenant(connection, tenant)?;
            let keys = table::list(connection, tenant)?;
            let key = keys.iter().find(|key| key.id == id).ok_or(Refusal::SecretNotFound)?;
            if key.withdrawn_at.is_some() {
                return Err(Refusal::Conflict("the signing key was already withdrawn".to_owned()).into());
            }
            let others: Vec<_> = keys.iter().filter(|other| other.id != id && is_usable(other, now)).collect();
            let first_start = others.iter().map(|other| other.signs_from).min().ok_or(Refusal::SecretInUse)?;
            let retired_at = first_start.max(now);
            if key.retired_at.is_some_and(|at| at <= retired_at) {
                return Ok(Audited::without_entry(()));
            }
            let kept = keep_one_in_use(connection, &others)?;
            table::schedule_retirement(connection, tenant, id, Some(retired_at))?;
            let detail = json!({
                "id": id, "algorithm": key.algorithm, "retired_at": retired_at, "retirement_cancelled": kept,
            });
            Ok(entry.clone().detail(detail).write_with(connection, ())?)
        })
        .await
}

/// Removes a key from the JWKS at once. If this key currently signs, the newest other published key signs at once. If
/// there is no other published key, a new key is created.
///
/// # Errors
/// [`Refusal::TenantNotFound`], or [`Refusal::SecretNotFound`] for an unknown or withdrawn key.
pub async fn withdraw(
    context: &AdminContext,
    tenant: TenantId,
    id: SigningKeyId,
) -> Result<WithdrawnSigningKey, ServiceError> {
    let now = context.app.clock.now();
    let keys = context.read(move |connection| Ok(table::list(connection, tenant)?)).await?;
    // After `signing-key reset`, keys that were sealed with the lost master key are still published, but cannot sign.
    let opens = |key: &&SigningKeyRecord| SigningKey::open(key, &context.app.master_key).is_ok();
    let can_sign: BTreeSet<_> = keys.iter().filter(opens).map(|key| key.id).collect();
    // Generating a key takes too long for a unit of work, so a key that may be needed is generated in advance.
    let spare = match keys.iter().find(|key| key.id == id) {
        Some(key) if !keys.iter().any(|one| one.id != id && can_sign.contains(&one.id) && is_published(one, now)) => {
            Some(generate(context, tenant, key.algorithm, now, now).await?)
        }
        _ => None,
    };
    let withdrawn = context.event(tenant, AuditType::SigningKeyWithdrawn, now)?;
    let created = context.event(tenant, AuditType::SigningKeyCreated, now)?;
    context
        .change(move |connection| {
            lock_tenant(connection, tenant)?;
            let keys = table::list(connection, tenant)?;
            let key = keys.iter().find(|key| key.id == id && key.withdrawn_at.is_none());
            let key = key.ok_or(Refusal::SecretNotFound)?;
            let was_signing = signing_at(&keys, now).is_some_and(|signing| signing.id == id);
            table::withdraw(connection, tenant, id, now)?;
            let may_sign =
                |one: &&SigningKeyRecord| one.id != id && one.has_private_key() && can_sign.contains(&one.id);
            let others: Vec<_> = keys.iter().filter(may_sign).filter(|other| is_published(other, now)).collect();
            let kept = match (others.iter().max_by_key(|other| (other.created_at, other.id)), &spare) {
                (Some(newest), _) if was_signing => {
                    table::sign_from(connection, tenant, newest.id, now)?;
                    newest.retired_at.map(|_| newest.id)
                }
                (Some(_), _) => {
                    let usable: Vec<_> = others.iter().copied().filter(|other| is_usable(other, now)).collect();
                    keep_one_in_use(connection, &usable)?
                }
                (None, Some(spare)) => {
                    table::insert(connection, spare)?;
                    let detail = json!({ "id": spare.id, "algorithm": spare.algorithm, "signs_from": now });
                    created.clone().detail(detail).write(connection)?;
                    None
                }
                (None, None) => {
                    let reason = "the tenant's signing keys were changed at the same time; try again";
                    return Err(Refusal::Conflict(reason.to_owned()).into());
                }
            };
            let detail = json!({ "id": id, "algorithm": key.algorithm, "retirement_cancelled": kept });
            let keys = table::list(connection, tenant)?;
            let find = |id| keys.iter().find(|key| key.id == id);
            let signing = signing_at(&keys, now).ok_or_else(|| no_signing_key(tenant))?;
            let value = WithdrawnSigningKey {
                withdrawn: item(find(id).unwrap_or(key), false),
                signing: item(signing, true),
                notice: WITHDRAWAL_NOTICE.to_owned(),
            };
            Ok(withdrawn.clone().detail(detail).write_with(connection, value)?)
        })
        .await
}

fn no_signing_key(tenant: TenantId) -> ServiceError {
    ServiceError::Internal(format!("tenant {tenant} has no signing key"))
}

/// Returns whether a key signs or may sign later.
fn is_usable(key: &SigningKeyRecord, now: Timestamp) -> bool {
    key.has_private_key() && key.withdrawn_at.is_none() && key.retired_at.is_none_or(|at| at > now)
}

/// Returns the key that signs, by the same rule as [`crypto::KeySet::active`].
fn signing_at(keys: &[SigningKeyRecord], now: Timestamp) -> Option<&SigningKeyRecord> {
    let usable = || keys.iter().filter(|key| is_usable(key, now));
    let order = |key: &&SigningKeyRecord| (key.signs_from, key.id);
    usable().filter(|key| key.signs_from <= now).max_by_key(order).or_else(|| usable().min_by_key(order))
}

/// Cancels the retirement of the newest key in `usable` if every key in `usable` is scheduled to retire. This happens
/// when the caller retires or withdraws the key that should replace them. Returns the id of the newest key; `None` if
/// no retirement was cancelled.
fn keep_one_in_use(
    connection: &mut Connection,
    usable: &[&SigningKeyRecord],
) -> Result<Option<SigningKeyId>, ServiceError> {
    if usable.iter().any(|key| key.retired_at.is_none()) {
        return Ok(None);
    }
    let Some(newest) = usable.iter().max_by_key(|key| key.signs_from) else { return Ok(None) };
    table::schedule_retirement(connection, newest.tenant_id, newest.id, None)?;
    Ok(Some(newest.id))
}

fn item(record: &SigningKeyRecord, signing: bool) -> SigningKeyItem {
    SigningKeyItem {
        id: record.id.uuid(),
        algorithm: record.algorithm,
        created_at: record.created_at,
        signs_from: record.signs_from,
        retired_at: record.retired_at,
        withdrawn_at: record.withdrawn_at,
        signing,
        rotates_at: None,
    }
}
