//! Disables tenants, API keys, users and credentials without deleting them, and enables them again.

use doorward_shared::{ApiKeyId, AuditType, TenantId, Timestamp};
use serde_json::json;

use super::{
    api_keys::describe,
    context::{AdminContext, find_tenant, lock_tenant},
    precondition::{Precondition, StateVersion},
};
use crate::{
    db::{Connection, DbError},
    domain::{CredentialId, User, UserSelector},
    service::{Refusal, ServiceError, audit, audited::Audited, user_lookup},
    store::{api_keys, credentials, state::StateChange, tenants, users},
};

/// A part of a tenant that can be disabled, or the tenant itself.
#[derive(Debug, Clone)]
pub enum Target {
    Tenant,
    ApiKey(ApiKeyId),
    User(UserSelector),
    /// A credential of this user. The text is the id of the credential in base64url.
    Credential(UserSelector, String),
}

/// Disables the target. If the target was already disabled, returns `false` and leaves `disabled_at` unchanged.
///
/// # Errors
/// Those of [`set`], except [`Refusal::StateChanged`].
pub async fn disable(context: &AdminContext, tenant: TenantId, target: Target) -> Result<bool, ServiceError> {
    Ok(set(context, tenant, target, true, Precondition::None).await?.is_some())
}

/// Enables the target. Returns `false` if it was already enabled. The errors are those of [`disable`].
pub async fn enable(context: &AdminContext, tenant: TenantId, target: Target) -> Result<bool, ServiceError> {
    Ok(set(context, tenant, target, false, Precondition::None).await?.is_some())
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

/// Disables or enables the target, if the precondition accepts the version of the target's state. Returns the new
/// version; `None` if nothing changed.
///
/// From the next request on, a disabled tenant, key, user or credential is refused. No token is issued for a finalize
/// request that runs at the same time, because its unit of work checks the state again.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::SecretNotFound`], [`Refusal::UserNotFound`], [`Refusal::UserAmbiguous`],
/// [`Refusal::CredentialNotFound`], or [`Refusal::StateChanged`] if there is a precondition and nothing changed.
pub async fn set(
    context: &AdminContext,
    tenant: TenantId,
    target: Target,
    disabled: bool,
    accepted: Precondition,
) -> Result<Option<StateVersion>, ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(tenant, target.event(disabled), now)?;
    let request = Request { since: disabled.then_some(now), accepted };
    context
        .change(move |connection| {
            let entry = entry.clone();
            let (version, entry) = match &target {
                Target::Tenant => set_tenant(connection, tenant, &request, entry)?,
                Target::ApiKey(id) => set_api_key(connection, tenant, *id, &request, entry)?,
                Target::User(user) => set_user(connection, tenant, user, &request, entry)?,
                Target::Credential(user, id) => set_credential(connection, tenant, user, id, &request, entry)?,
            };
            match (version, &request.accepted) {
                (Some(version), _) => Ok(entry.write_with(connection, Some(version))?),
                (None, Precondition::OneOf(sent)) => Err(Refusal::StateChanged(sent.join(", ")).into()),
                // A request that changes nothing writes no entry.
                (None, Precondition::None) => Ok(Audited::without_entry(None)),
            }
        })
        .await
}

/// A requested state, and the precondition for the change.
struct Request {
    /// New value of `disabled_at`; `None` to enable the target.
    since: Option<Timestamp>,
    accepted: Precondition,
}

impl Request {
    /// Changes the row with this id. Returns the new version of its state; `None` if nothing changed.
    fn apply(
        &self,
        id: String,
        change: impl FnOnce(&StateChange) -> Result<Option<i64>, DbError>,
    ) -> Result<Option<StateVersion>, DbError> {
        let number = change(&StateChange { since: self.since, versions: self.accepted.state_numbers(&id) })?;
        Ok(number.map(|number| StateVersion::new(id, number)))
    }
}

/// The new version of a state, if it changed, and the audit entry of the change.
type Change = Result<(Option<StateVersion>, audit::Entry), ServiceError>;

fn set_tenant(connection: &mut Connection, id: TenantId, request: &Request, entry: audit::Entry) -> Change {
    let tenant = lock_tenant(connection, id)?;
    let version = request.apply(id.to_string(), |change| tenants::set_disabled(connection, id, change))?;
    Ok((version, entry.detail(json!({ "display_name": tenant.display_name }))))
}

fn set_api_key(
    connection: &mut Connection,
    tenant: TenantId,
    id: ApiKeyId,
    request: &Request,
    entry: audit::Entry,
) -> Change {
    find_tenant(connection, tenant)?;
    let key = api_keys::find(connection, tenant, id)?.ok_or(Refusal::SecretNotFound)?;
    let version = request.apply(id.to_string(), |change| api_keys::set_disabled(connection, tenant, id, change))?;
    Ok((version, entry.detail(describe(&key))))
}

fn set_user(
    connection: &mut Connection,
    tenant: TenantId,
    user: &UserSelector,
    request: &Request,
    entry: audit::Entry,
) -> Change {
    let user = find_user(connection, tenant, user)?;
    let version =
        request.apply(user.id.to_string(), |change| users::set_disabled(connection, tenant, user.id, change))?;
    Ok((version, entry.detail(json!({ "id": user.id, "user_id": user.external_id }))))
}

fn set_credential(
    connection: &mut Connection,
    tenant: TenantId,
    user: &UserSelector,
    id: &str,
    request: &Request,
    entry: audit::Entry,
) -> Change {
    let user = find_user(connection, tenant, user)?;
    let not_found = || Refusal::CredentialNotFound(id.to_owned());
    let credential_id = CredentialId::parse(id).ok_or_else(not_found)?;
    let found = credentials::find(connection, tenant, &credential_id)?.filter(|found| found.user_id == user.id);
    let credential = found.ok_or_else(not_found)?;
    // The version contains the internal id of the user, because the same credential can be registered again after the
    // deletion of its user.
    let version = request.apply(user.id.to_string(), |change| {
        credentials::set_disabled(connection, tenant, user.id, &credential_id, change)
    })?;
    let detail = json!({ "user_id": user.external_id, "name": credential.name, "is_mfa": credential.is_mfa });
    Ok((version, entry.credential(&credential_id).detail(detail)))
}

fn find_user(connection: &mut Connection, tenant: TenantId, user: &UserSelector) -> Result<User, ServiceError> {
    find_tenant(connection, tenant)?;
    user_lookup::select(connection, tenant, user)
}
