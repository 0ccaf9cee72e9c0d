//! Finds users by either of their ids.

use doorward_shared::{TenantId, UserId};

use crate::{
    db::{Connection, DbError},
    domain::User,
    store::users,
};

/// Finds a user by the id in the tenant's system, or else by Doorward's id. The tenant's id takes precedence because it
/// may look like a UUID as well.
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
