//! Creates, lists and revokes API keys of a tenant.

use doorward_shared::{
    ApiKeyId, AuditType, TenantId, Timestamp,
    admin::{CreateSecretRequest, CreatedSecret, SecretItem},
};
use serde_json::{Value, json};

use super::context::{AdminContext, find_tenant};
use crate::{
    crypto::{GeneratedSecret, KeyKind},
    domain::ApiKey,
    service::{Refusal, ServiceError, validate},
    store::api_keys as table,
};

/// Generates a key and its hash, without storing them.
pub(super) fn generate(
    context: &AdminContext,
    tenant_id: TenantId,
    name: String,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(ApiKey, CreatedSecret), ServiceError> {
    let made = GeneratedSecret::new(KeyKind::Api, context.app.entropy.as_ref())?;
    let id = made.id;
    let secret = made.plain.expose().to_owned();
    let response = CreatedSecret { id, name: name.clone(), secret, created_at: now, expires_at };
    let key = ApiKey {
        tenant_id,
        id: ApiKeyId::new(id),
        name,
        hint: made.hint,
        hash: made.hash,
        digest: None,
        created_at: now,
        expires_at,
        last_used_at: None,
        disabled_at: None,
    };
    Ok((key, response))
}

/// Returns the `detail` of audit entries about a key.
pub(super) fn describe(key: &ApiKey) -> Value {
    json!({ "id": key.id, "name": key.name, "hint": key.hint, "expires_at": key.expires_at })
}

/// Creates a key. Only this response contains the secret of the key.
pub async fn create(
    context: &AdminContext,
    tenant: TenantId,
    request: CreateSecretRequest,
) -> Result<CreatedSecret, ServiceError> {
    let now = context.app.clock.now();
    let name = validate::label("name", request.name)?;
    let expires_at = validate::future("expires_at", request.expires_at, now)?;
    let (key, secret) = generate(context, tenant, name, expires_at, now)?;
    let entry = context.event(tenant, AuditType::ApiKeyCreated, now)?.detail(describe(&key));
    context
        .change(move |connection| {
            find_tenant(connection, tenant)?;
            table::insert(connection, &key)?;
            Ok(entry.write_with(connection, ())?)
        })
        .await?;
    Ok(secret)
}

/// Returns the keys that are not revoked.
pub async fn list(context: &AdminContext, tenant: TenantId) -> Result<Vec<SecretItem>, ServiceError> {
    let keys = context
        .read(move |connection| {
            find_tenant(connection, tenant)?;
            Ok(table::list(connection, tenant)?)
        })
        .await?;
    let item = |key: ApiKey| SecretItem {
        id: key.id.uuid(),
        name: key.name,
        hint: key.hint,
        created_at: key.created_at,
        last_used_at: key.last_used_at,
        expires_at: key.expires_at,
        disabled_at: key.disabled_at,
    };
    Ok(keys.into_iter().map(item).collect())
}

/// Revokes a key. The next request with this key is rejected.
pub async fn revoke(context: &AdminContext, tenant: TenantId, id: ApiKeyId) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(tenant, AuditType::ApiKeyRevoked, now)?;
    context
        .change(move |connection| {
            find_tenant(connection, tenant)?;
            let key = table::revoke(connection, tenant, id, now)?.ok_or(Refusal::SecretNotFound)?;
            Ok(entry.clone().detail(describe(&key)).write_with(connection, ())?)
        })
        .await
}
