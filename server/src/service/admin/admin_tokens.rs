//! Creates, lists, revokes and verifies admin tokens.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    AdminTokenId, AuditType, TenantId, Timestamp,
    admin::{AdminTokenItem, CreateAdminTokenRequest, CreatedSecret, Role, SecretItem},
    counted,
};
use serde_json::{Value, json};

use super::context::{AdminContext, unless_duplicate};
use crate::{
    app::App,
    crypto::{GeneratedSecret, KeyKind, KeyScope, PresentedKey},
    db::Connection,
    domain::AdminToken,
    service::{
        Refusal, ServiceError,
        auth::{KeyRejection, RejectedKey},
        validate,
    },
    store::{admin_tokens as table, tenants as tenant_table},
};

const DAY_MS: i64 = 86_400_000;
/// Maximum number of tenants to which a token can be limited.
const MAX_TENANTS: usize = 100;

/// Prefixes of the actors of commands and background jobs in the audit log. Names of admin tokens must not begin with
/// these prefixes.
const RESERVED_PREFIXES: [&str; 2] = ["cli:", "job:"];

/// Creates a token. Only this response contains the secret of the token.
///
/// # Errors
/// [`Refusal::Invalid`], or [`Refusal::Conflict`] if the name is taken.
pub async fn create(context: &AdminContext, request: CreateAdminTokenRequest) -> Result<CreatedSecret, ServiceError> {
    let now = context.app.clock.now();
    let name = validate::label("name", request.name)?;
    let lowercase = name.trim_start().to_lowercase();
    if let Some(prefix) = RESERVED_PREFIXES.iter().find(|prefix| lowercase.starts_with(*prefix)) {
        return Err(Refusal::Invalid(format!("name must not begin with {prefix}")).into());
    }
    let expires_at = validate::future("expires_at", request.expires_at, now)?;
    check_lifetime(context, expires_at, now)?;
    let role = request.role.ok_or_else(|| {
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        Refusal::Invalid(format!("role is a required field: {}", roles.join(", ")))
    })?;
    let tenants = scope(request.tenants, role)?;
    let made = GeneratedSecret::new(KeyKind::Admin, context.app.entropy.as_ref())?;
    let id = made.id;
    let secret = made.plain.expose().to_owned();
    let response = CreatedSecret { id, name: name.clone(), secret, created_at: now, expires_at };
    let token = AdminToken {
        id: AdminTokenId::new(id),
        name,
        role,
        tenants,
        hint: made.hint,
        hash: made.hash,
        created_at: now,
        expires_at,
        last_used_at: None,
    };
    let entry = context.event(TenantId::INSTALLATION, AuditType::AdminTokenCreated, now)?.detail(describe(&token));
    context
        .change(move |connection| {
            require_tenants(connection, token.tenants.as_ref())?;
            unless_duplicate(table::insert(connection, &token), || {
                Refusal::Conflict(format!("an admin token named `{}` exists already", token.name))
            })?;
            Ok(entry.write_with(connection, ())?)
        })
        .await?;
    Ok(response)
}

/// Checks the tenants of a new token.
fn scope(tenants: Option<Vec<TenantId>>, role: Role) -> Result<Option<BTreeSet<TenantId>>, Refusal> {
    let Some(tenants) = tenants else { return Ok(None) };
    if !(1..=MAX_TENANTS).contains(&tenants.len()) {
        return Err(Refusal::Invalid(format!(
            "tenants must contain 1 to {MAX_TENANTS} ids; leave it out for all tenants"
        )));
    }
    if role == Role::Metrics {
        return Err(Refusal::Invalid(
            "a token with the role metrics cannot be limited to tenants, because the metrics are those of all tenants: \
             leave out the tenants, or use another role"
                .into(),
        ));
    }
    Ok(Some(tenants.into_iter().collect()))
}

fn require_tenants(connection: &mut Connection, tenants: Option<&BTreeSet<TenantId>>) -> Result<(), ServiceError> {
    let Some(tenants) = tenants else { return Ok(()) };
    // Deleting a tenant changes the tokens that are limited to it. The lock delays the deletion until the new token is
    // stored.
    for tenant in tenants {
        tenant_table::lock(connection, *tenant)?;
    }
    let found = tenant_table::names(connection, tenants)?;
    match tenants.iter().find(|id| !found.contains_key(id)) {
        Some(id) => Err(Refusal::Invalid(format!("tenants: there is no tenant {id}")).into()),
        None => Ok(()),
    }
}

/// Returns the latest allowed expiry time of a token that is created now; `None` if tokens need not expire.
pub(super) fn latest_expiry(app: &App, now: Timestamp) -> Option<Timestamp> {
    app.settings.admin_token_days.map(|days| now.plus_millis(i64::from(days) * DAY_MS))
}

fn check_lifetime(context: &AdminContext, expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    let Some(latest) = latest_expiry(&context.app, now) else { return Ok(()) };
    if expires_at.is_some_and(|at| at <= latest) {
        return Ok(());
    }
    let days = context.app.settings.admin_token_days.unwrap_or_default();
    Err(Refusal::Invalid(format!(
        "expires_at must be set to {latest} or earlier: new admin tokens expire within {} \
         (limits.admin_token_lifetime)",
        counted(days, "day")
    )))
}

/// Returns the `detail` of audit entries about a token.
pub(super) fn describe(token: &AdminToken) -> Value {
    json!({
        "id": token.id, "name": token.name, "role": token.role, "tenants": token.tenants, "hint": token.hint, "expires_at": token.expires_at,
    })
}

/// Returns the tokens that are not revoked.
pub async fn list(context: &AdminContext) -> Result<Vec<AdminTokenItem>, ServiceError> {
    context
        .read(|connection| {
            let tokens = table::list(connection)?;
            let limited = tokens.iter().filter_map(|token| token.tenants.as_ref()).flatten().copied().collect();
            let names = tenant_table::names(connection, &limited)?;
            Ok(tokens.into_iter().map(|token| item(token, &names)).collect())
        })
        .await
}

fn item(token: AdminToken, names: &BTreeMap<TenantId, String>) -> AdminTokenItem {
    let name = |id: &TenantId| names.get(id).cloned().unwrap_or_default();
    AdminTokenItem {
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
        tenant_names: token.tenants.as_ref().map(|tenants| tenants.iter().map(name).collect()),
        tenants: token.tenants.map(Vec::from_iter),
    }
}

/// Revokes a token. The next request with this token is rejected.
///
/// # Errors
/// [`Refusal::SecretNotFound`]; without `force`, [`Refusal::LastAdminToken`] for the last unexpired token that has the
/// role admin and is not limited to tenants. Without such a token, only the server's command line could create new
/// tokens.
pub async fn revoke(context: &AdminContext, id: AdminTokenId, force: bool) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(TenantId::INSTALLATION, AuditType::AdminTokenRevoked, now)?;
    context
        .change(move |connection| {
            // The lock prevents two concurrent requests from revoking the last two tokens.
            table::lock_administrators(connection)?;
            let token = table::revoke(connection, id, now)?.ok_or(Refusal::SecretNotFound)?;
            // A limited token cannot create other tokens.
            let is_usable = |token: &AdminToken| {
                let may_create_tokens = token.role == Role::Admin && token.tenants.is_none();
                may_create_tokens && token.expires_at.is_none_or(|expiry| expiry > now)
            };
            if !force && is_usable(&token) && !table::list(connection)?.iter().any(is_usable) {
                return Err(Refusal::LastAdminToken.into());
            }
            Ok(entry.clone().detail(describe(&token)).write_with(connection, ())?)
        })
        .await
}

/// Verifies a presented token. Every request reads the stored token from the database, because admin requests are rare
/// and a revoked token must be rejected at once.
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
