//! Admin tokens: create, list, revoke, and recognise.

use doorward_shared::{
    AdminTokenId, AuditType, TenantId, Timestamp,
    admin::{AdminTokenItem, CreateAdminTokenRequest, CreatedSecret, Role, SecretItem},
};
use serde_json::{Value, json};

use super::{AdminCall, granted};
use crate::{
    app::App,
    crypto::{GeneratedSecret, KeyKind, KeyScope, PresentedKey},
    db::DbError,
    domain::AdminToken,
    service::{Refusal, ServiceError, validate},
    store::admin_tokens as table,
};

/// Creates a token. The answer is the only one that carries it.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::Conflict`] when the name is taken.
pub async fn create(call: &AdminCall, request: CreateAdminTokenRequest) -> Result<CreatedSecret, ServiceError> {
    let now = call.app.clock.now();
    let name = validate::label("name", request.name)?;
    let expires_at = validate::future("expires_at", request.expires_at, now)?;
    let role = request.role.unwrap_or(Role::Admin);
    let made = GeneratedSecret::new(KeyKind::Admin, call.app.entropy.as_ref())?;
    let id = made.id;
    let secret = made.plain.expose().to_owned();
    let answer = CreatedSecret { id, name: name.clone(), secret, created_at: now, expires_at };
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
    let event = call.event(TenantId::INSTALLATION, AuditType::AdminTokenCreated, now)?.detail(describe(&token));
    call.change(move |connection| {
        match table::insert(connection, &token) {
            Err(DbError::Duplicate { .. }) => {
                return Ok(Err(Refusal::Conflict(format!("an admin token named `{}` exists already", token.name))));
            }
            inserted => inserted?,
        }
        event.write(connection)?;
        Ok(Ok(answer))
    })
    .await
}

fn describe(token: &AdminToken) -> Value {
    json!({
        "id": token.id, "name": token.name, "role": token.role, "hint": token.hint, "expires_at": token.expires_at,
    })
}

/// The tokens that are not revoked.
///
/// # Errors
/// As the database has them.
pub async fn list(call: &AdminCall) -> Result<Vec<AdminTokenItem>, ServiceError> {
    let item = |token: AdminToken| AdminTokenItem {
        secret: SecretItem {
            id: token.id.uuid(),
            name: token.name,
            hint: token.hint,
            created_at: token.created_at,
            last_used_at: token.last_used_at,
            expires_at: token.expires_at,
        },
        role: token.role,
    };
    Ok(call.read(table::list).await?.into_iter().map(item).collect())
}

/// Revokes a token: the next request that carries it is refused.
///
/// # Errors
/// [`Refusal::SecretNotFound`].
pub async fn revoke(call: &AdminCall, id: AdminTokenId) -> Result<(), ServiceError> {
    let now = call.app.clock.now();
    let event = call.event(TenantId::INSTALLATION, AuditType::AdminTokenRevoked, now)?;
    call.change(move |connection| {
        let token = granted!(table::revoke(connection, id, now)?.ok_or(Refusal::SecretNotFound));
        event.detail(describe(&token)).write(connection)?;
        Ok(Ok(()))
    })
    .await
}

/// Why a token was not accepted. The client learns only that it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// There is none.
    Missing,
    /// It is no admin token.
    Malformed,
    /// Nobody has it, or nobody any more.
    Unknown,
    /// Its time is over.
    Expired,
    /// Its secret is not the one that was given out.
    Wrong,
}

impl Rejected {
    /// The reason for the log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "the request carries no admin token",
            Self::Malformed => "the admin token has not the form dwa_<token id>_<secret>",
            Self::Unknown => "there is no such admin token, or it was revoked",
            Self::Expired => "the admin token has expired",
            Self::Wrong => "the admin token's secret is wrong",
        }
    }
}

/// The token that was presented, if it is one, unexpired and unrevoked. Read from the database each time: administrators
/// are few, and a revoked one must be out at once.
///
/// # Errors
/// Those of the database; [`ServiceError::Internal`] for a damaged stored hash.
pub async fn recognise(
    app: &App,
    presented: Option<&str>,
    now: Timestamp,
) -> Result<Result<AdminToken, Rejected>, ServiceError> {
    let Some(presented) = presented else { return Ok(Err(Rejected::Missing)) };
    let Some(presented) = PresentedKey::parse(KeyKind::Admin, presented) else { return Ok(Err(Rejected::Malformed)) };
    let id = AdminTokenId::new(presented.id);
    let found = app.db.read(move |connection| table::find(connection, id)).await?;
    let Some(token) = found else { return Ok(Err(Rejected::Unknown)) };
    if token.expires_at.is_some_and(|expiry| expiry <= now) {
        return Ok(Err(Rejected::Expired));
    }
    let matches = app.keys.verify(KeyScope::Admin, &presented, &token.hash)?;
    Ok(if matches { Ok(token) } else { Err(Rejected::Wrong) })
}
