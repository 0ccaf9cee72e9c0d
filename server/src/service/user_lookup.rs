//! Finds users by either of their ids.

use doorward_shared::{TenantId, UserId, admin::UserIdKind};

use super::{Refusal, ServiceError};
use crate::{
    db::{Connection, DbError},
    domain::{User, UserSelector},
    store::users,
};

/// Finds a user by the user id, or else by the internal id. A user id may also be a UUID; it takes precedence over an
/// equal internal id.
pub(super) fn find(connection: &mut Connection, tenant: TenantId, id: &str) -> Result<Option<User>, DbError> {
    // PostgreSQL cannot store U+0000, so no user has such an id.
    if id.contains('\0') {
        return Ok(None);
    }
    if let Some(user) = users::find_by_external(connection, tenant, id)? {
        return Ok(Some(user));
    }
    match id.parse::<UserId>() {
        Ok(id) => users::find(connection, tenant, id),
        Err(_) => Ok(None),
    }
}

/// Finds the user that a selector names.
///
/// # Errors
/// [`Refusal::UserNotFound`], and [`Refusal::UserAmbiguous`] if the id matches two users.
pub(super) fn select(
    connection: &mut Connection,
    tenant: TenantId,
    selector: &UserSelector,
) -> Result<User, ServiceError> {
    let UserSelector { id, by } = selector;
    // PostgreSQL cannot store U+0000, so no user has such an id.
    if id.contains('\0') {
        return Err(Refusal::UserNotFound.into());
    }
    let by_user_id = match by {
        Some(UserIdKind::Id) => None,
        Some(UserIdKind::UserId) | None => users::find_by_external(connection, tenant, id)?,
    };
    let by_id = match (by, id.parse()) {
        (Some(UserIdKind::Id) | None, Ok(id)) => users::find(connection, tenant, id)?,
        _ => None,
    };
    match (by_user_id, by_id) {
        (Some(one), Some(other)) if one.id != other.id => Err(Refusal::UserAmbiguous.into()),
        (Some(user), _) | (None, Some(user)) => Ok(user),
        (None, None) => Err(Refusal::UserNotFound.into()),
    }
}
