//! A tenant's API keys: create, list, revoke.

use doorward_shared::{
    ApiKeyId, AuditType, TenantId, Timestamp,
    admin::{CreateSecretRequest, CreatedSecret, SecretItem},
};
use serde_json::{Value, json};

use super::{AdminCall, existing, granted};
use crate::{
    crypto::{GeneratedSecret, KeyKind},
    domain::ApiKey,
    service::{Refusal, ServiceError, validate},
    store::{api_keys as table, tenants},
};

/// Generates a key and its hash, without storing them.
pub(super) fn generate(
    call: &AdminCall,
    tenant_id: TenantId,
    name: String,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(ApiKey, CreatedSecret), ServiceError> {
    let made = GeneratedSecret::new(KeyKind::Api, call.app.entropy.as_ref())?;
    let id = made.id;
    let secret = made.plain.expose().to_owned();
    let answer = CreatedSecret { id, name: name.clone(), secret, created_at: now, expires_at };
    let key = ApiKey {
        tenant_id,
        id: ApiKeyId::new(id),
        name,
        hint: made.hint,
        hash: made.hash,
        created_at: now,
        expires_at,
        last_used_at: None,
    };
    Ok((key, answer))
}

/// What the audit log keeps of a key.
pub(super) fn describe(key: &ApiKey) -> Value {
    json!({ "id": key.id, "name": key.name, "hint": key.hint, "expires_at": key.expires_at })
}

/// Creates a key. The answer is the only one that carries it.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::TenantNotFound`].
pub async fn create(
    call: &AdminCall,
    tenant: TenantId,
    request: CreateSecretRequest,
) -> Result<CreatedSecret, ServiceError> {
    let now = call.app.clock.now();
    let name = validate::label("name", request.name)?;
    let expires_at = validate::future("expires_at", request.expires_at, now)?;
    let (key, secret) = generate(call, tenant, name, expires_at, now)?;
    let event = call.event(tenant, AuditType::ApiKeyCreated, now)?.detail(describe(&key));
    call.change(move |connection| {
        granted!(existing(connection, tenant)?);
        table::insert(connection, &key)?;
        event.write(connection)?;
        Ok(Ok(secret))
    })
    .await
}

/// The keys that are not revoked.
///
/// # Errors
/// [`Refusal::TenantNotFound`].
pub async fn list(call: &AdminCall, tenant: TenantId) -> Result<Vec<SecretItem>, ServiceError> {
    let keys = call
        .read(move |connection| match tenants::find(connection, tenant)? {
            Some(_) => table::list(connection, tenant).map(Some),
            None => Ok(None),
        })
        .await?;
    let item = |key: ApiKey| SecretItem {
        id: key.id.uuid(),
        name: key.name,
        hint: key.hint,
        created_at: key.created_at,
        last_used_at: key.last_used_at,
        expires_at: key.expires_at,
    };
    Ok(keys.ok_or(Refusal::TenantNotFound)?.into_iter().map(item).collect())
}

/// Revokes a key: the next request that carries it is refused.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::SecretNotFound`].
pub async fn revoke(call: &AdminCall, tenant: TenantId, id: ApiKeyId) -> Result<(), ServiceError> {
    let now = call.app.clock.now();
    let event = call.event(tenant, AuditType::ApiKeyRevoked, now)?;
    call.change(move |connection| {
        granted!(existing(connection, tenant)?);
        let key = granted!(table::revoke(connection, tenant, id, now)?.ok_or(Refusal::SecretNotFound));
        event.detail(describe(&key)).write(connection)?;
        Ok(Ok(()))
    })
    .await
}
