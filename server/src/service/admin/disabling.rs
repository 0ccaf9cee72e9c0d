//! Disables tenants, API keys, users and credentials without deleting them, and enables them again.

use doorward_shared::{ApiKeyId, AuditType, TenantId, Timestamp};
use serde_json::json;

use super::{
    api_keys::describe,
    context::{AdminContext, find_tenant, lock_tenant},
};
use crate::{
    db::Connection,
    domain::{CredentialId, User, UserSelector},
    service::{Refusal, ServiceError, audit, user_lookup},
    store::{api_keys, credentials, tenants, users},
};

/// A part of a tenant that can be disabled, or the tenant itself.
#[derive(Debug, Clone)]
pub enum Target {
    Tenant,
    ApiKey(ApiKeyId),
    User(UserSelector),
    /// A credential of this user, with its id as base64url.
    Credential(UserSelector, String),
}

/// Disables the target. Returns `false` if it was already disabled; then the stored time does not change.
///
/// From the next request on, a disabled tenant, key, user or credential is refused. No token is issued for a finalize
/// request that runs at the same time, because its unit of work checks the state again.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::SecretNotFound`], [`Refusal::UserNotFound`], [`Refusal::UserAmbiguous`] or
/// [`Refusal::CredentialNotFound`].
pub async fn disable(context: &AdminContext, tenant: TenantId, target: Target) -> Result<bool, ServiceError> {
    set(context, tenant, target, true).await
}

/// Enables the target. Returns `false` if it was already enabled. The errors are those of [`disable`].
pub async fn enable(context: &AdminContext, tenant: TenantId, target: Target) -> Result<bool, ServiceError> {
    set(context, tenant, target, false).await
}

impl Target {
    const fn event(&self, disabled: bool) -> AuditType {
        match (self, disabled) {
            (Self::Tenant, true) => AuditType::TenantDisabled,
            (Self::Tenant, false) => AuditType::TenantEnabled,
            (Self::ApiKey(_), true) => AuditType::ApiKeyDisabled,
            (Self::ApiKey(_), false) => AuditType::ApiKeyEnabled,
            (Self::User(_), true) => AuditType::UserDisabled,
            (Self::User(_), false) => AuditType::UserEnabled,
            (Self::Credential(..), true) => AuditType::CredentialDisabled,
            (Self::Credential(..), false) => AuditType::CredentialEnabled,
        }
    }
}

async fn set(context: &AdminContext, tenant: TenantId, target: Target, disabled: bool) -> Result<bool, ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(tenant, target.event(disabled), now)?;
    let since = disabled.then_some(now);
    context
        .change(move |connection| {
            let change = match target {
                Target::Tenant => set_tenant(connection, tenant, since, entry)?,
                Target::ApiKey(id) => set_api_key(connection, tenant, id, since, entry)?,
                Target::User(user) => set_user(connection, tenant, &user, since, entry)?,
                Target::Credential(user, id) => set_credential(connection, tenant, &user, &id, since, entry)?,
            };
            // A request that changes nothing writes no entry.
            let is_changed = change.is_some();
            change.map(|entry| entry.write(connection)).transpose()?;
            Ok(is_changed)
        })
        .await
}

/// The audit entry of a change; `None` if nothing changed.
type Change = Result<Option<audit::Entry>, ServiceError>;

fn set_tenant(connection: &mut Connection, id: TenantId, since: Option<Timestamp>, entry: audit::Entry) -> Change {
    let tenant = lock_tenant(connection, id)?;
    let is_changed = tenants::set_disabled(connection, id, since)?;
    Ok(is_changed.then(|| entry.detail(json!({ "display_name": tenant.display_name }))))
}

fn set_api_key(
    connection: &mut Connection,
    tenant: TenantId,
    id: ApiKeyId,
    since: Option<Timestamp>,
    entry: audit::Entry,
) -> Change {
    find_tenant(connection, tenant)?;
    let key = api_keys::find(connection, tenant, id)?.ok_or(Refusal::SecretNotFound)?;
    let is_changed = api_keys::set_disabled(connection, tenant, id, since)?;
    Ok(is_changed.then(|| entry.detail(describe(&key))))
}

fn set_user(
    connection: &mut Connection,
    tenant: TenantId,
    user: &UserSelector,
    since: Option<Timestamp>,
    entry: audit::Entry,
) -> Change {
    let user = find_user(connection, tenant, user)?;
    let is_changed = users::set_disabled(connection, tenant, user.id, since)?;
    Ok(is_changed.then(|| entry.detail(json!({ "id": user.id, "user_id": user.external_id }))))
}

fn set_credential(
    connection: &mut Connection,
    tenant: TenantId,
    user: &UserSelector,
    id: &str,
    since: Option<Timestamp>,
    entry: audit::Entry,
) -> Change {
    let user = find_user(connection, tenant, user)?;
    let not_found = || Refusal::CredentialNotFound(id.to_owned());
    let credential_id = CredentialId::parse(id).ok_or_else(not_found)?;
    let found = credentials::find(connection, tenant, &credential_id)?.filter(|found| found.user_id == user.id);
    let credential = found.ok_or_else(not_found)?;
    let is_changed = credentials::set_disabled(connection, tenant, &credential_id, since)?;
    let detail = json!({ "user_id": user.external_id, "name": credential.name, "is_mfa": credential.is_mfa });
    Ok(is_changed.then(|| entry.credential(&credential_id).detail(detail)))
}

fn find_user(connection: &mut Connection, tenant: TenantId, user: &UserSelector) -> Result<User, ServiceError> {
    find_tenant(connection, tenant)?;
    user_lookup::select(connection, tenant, user)
}
