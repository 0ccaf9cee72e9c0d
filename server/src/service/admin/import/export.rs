//! Reads users with their credentials and transactions, for an export.

use doorward_shared::{TenantId, Timestamp, UserId};

use super::super::context::AdminContext;
use crate::{
    domain::{Credential, Transaction, User},
    service::ServiceError,
    store::{credentials, transactions, users},
};

/// A user with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct UserRows {
    pub user: User,
    pub credentials: Vec<Credential>,
    pub transactions: Vec<Transaction>,
}

/// Returns the next users in the order of their ids.
pub async fn user_rows(
    context: &AdminContext,
    tenant: TenantId,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserRows>, ServiceError> {
    let all = Timestamp::from_millis(i64::MAX);
    context
        .read(move |connection| {
            let ids = users::ids_created_until(connection, tenant, all, after, limit)?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                let Some(user) = users::find(connection, tenant, id)? else { continue };
                let credentials = credentials::for_user(connection, tenant, id)?;
                let (mut page, mut next) = transactions::for_user(connection, tenant, id, None)?;
                while let Some(cursor) = next {
                    let (more, after) = transactions::for_user(connection, tenant, id, Some(cursor))?;
                    page.extend(more);
                    next = after;
                }
                found.push(UserRows { user, credentials, transactions: page });
            }
            Ok(found)
        })
        .await
}
