//! Creates, lists, revokes and verifies admin tokens.

use doorward_shared::{
    AdminTokenId, AuditType, TenantId, Timestamp,
    admin::{AdminTokenItem, CreateAdminTokenRequest, CreatedSecret, Role, SecretItem},
};
use serde_json::{Value, json};

use super::context::{AdminContext, unless_duplicate};
use crate::{
    app::App,
    crypto::{GeneratedSecret, KeyKind, KeyScope, PresentedKey},
    domain::AdminToken,
    service::{
        Refusal, ServiceError,
        auth::{KeyRejection, RejectedKey},
        validate,
    },
    store::admin_tokens as table,
};

/// Prefix of the actors of commands in the audit log. Names of admin tokens must not begin with it.
const CLI_ACTOR_PREFIX: &str = "cli:";

/// Creates a token. Only this response contains its secret.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::Conflict`] when the name is taken.
pub async fn create(context: &AdminContext, request: CreateAdminTokenRequest) -> Result<CreatedSecret, ServiceError> {
    let now = context.app.clock.now();
    let name = validate::label("name", request.name)?;
    if name.trim_start().to_lowercase().starts_with(CLI_ACTOR_PREFIX) {
        return Err(Refusal::Invalid(format!("name must not begin with {CLI_ACTOR_PREFIX}")).into());
    }
    let expires_at = validate::future("expires_at", request.expires_at, now)?;
    let role = request.role.ok_or_else(|| {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        Refusal::Invalid(format!("role is a required field: {}", roles.join(", ")))
    })?;
    let made = GeneratedSecret::new(KeyKind::Admin, context.app.entropy.as_ref())?;
    let id = made.id;
    let secret = made.plain.expose().to_owned();
    let response = CreatedSecret { id, name: name.clone(), secret, created_at: now, expires_at };
    let token = AdminToken {
        id: AdminTokenId::new(id),
        name,
        role,
        hint: made.hint,
        hash: made.hash,
        created_at: now,
        expires_at,
        last_used_at: None,
    };
    let entry = context.event(TenantId::INSTALLATION, AuditType::AdminTokenCreated, now)?.detail(describe(&token));
    context
        .change(move |connection| {
            unless_duplicate(table::insert(connection, &token), || {
                Refusal::Conflict(format!("an admin token named `{}` exists already", token.name))
            })?;
            entry.write(connection)?;
            Ok(response)
        })
        .await
}

/// Returns the part of a token that the audit log contains.
pub(super) fn describe(token: &AdminToken) -> Value {
    json!({
        "id": token.id, "name": token.name, "role": token.role, "hint": token.hint, "expires_at": token.expires_at,
    })
}

/// Returns the tokens that are not revoked.
pub async fn list(context: &AdminContext) -> Result<Vec<AdminTokenItem>, ServiceError> {
    let item = |token: AdminToken| AdminTokenItem {
        secret: SecretItem {
            id: token.id.uuid(),
            name: token.name,
            hint: token.hint,
            created_at: token.created_at,
            last_used_at: token.last_used_at,
            expires_at: token.expires_at,
            disabled_at: None,
        },
        role: token.role,
    };
    Ok(context.read(|connection| Ok(table::list(connection)?)).await?.into_iter().map(item).collect())
}

/// Revokes a token. The next request with it is rejected.
///
/// # Errors [`Refusal::SecretNotFound`] for an unknown token. [`Refusal::LastAdminToken`] for the last usable token
///   with the role admin unless `force` is set, because without such a token only the command line of the server can
///   create another one.
pub async fn revoke(context: &AdminContext, id: AdminTokenId, force: bool) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(TenantId::INSTALLATION, AuditType::AdminTokenRevoked, now)?;
    context
        .change(move |connection| {
            // The lock prevents two concurrent requests from revoking the last two tokens.
            table::lock_administrators(connection)?;
            let token = table::revoke(connection, id, now)?.ok_or(Refusal::SecretNotFound)?;
            let is_usable =
                |token: &AdminToken| token.role == Role::Admin && token.expires_at.is_none_or(|expiry| expiry > now);
            if !force && is_usable(&token) && !table::list(connection)?.iter().any(is_usable) {
                return Err(Refusal::LastAdminToken.into());
            }
            Ok(entry.detail(describe(&token)).write(connection)?)
        })
        .await
}

/// Verifies a presented token. Every request reads it from the database, because admin requests are rare and a revoked
/// token must be rejected at once.
pub async fn recognise(
    app: &App,
    presented: Option<&str>,
    now: Timestamp,
) -> Result<Result<AdminToken, RejectedKey>, ServiceError> {
    let Some(value) = presented else { return Ok(Err(KeyRejection::Missing.into())) };
    let Some(presented) = PresentedKey::parse(KeyKind::Admin, value) else {
        return Ok(Err(KeyRejection::Malformed.of_form(KeyKind::Admin, value)));
    };
    let id = AdminTokenId::new(presented.id);
    let found = app.db.read(move |connection| table::find(connection, id)).await?;
    let Some(token) = found else { return Ok(Err(KeyRejection::Unknown.of(presented.id))) };
    if token.expires_at.is_some_and(|expiry| expiry <= now) {
        return Ok(Err(RejectedKey::expired(presented.id, token.expires_at)));
    }
    let matches = app.keys.verify(KeyScope::Admin, &presented, &token.hash)?;
    Ok(if matches { Ok(token) } else { Err(KeyRejection::Wrong.of(presented.id)) })
}
