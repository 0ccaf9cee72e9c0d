//! Reads users with their credentials and transactions, for an export.

use doorward_shared::{TenantId, Timestamp, UserId};

use super::super::context::AdminContext;
use crate::{
    domain::{Credential, Transaction, User, list::Cursor},
    service::ServiceError,
    store::{credentials, transactions as table, users},
};

/// A user and the user's credentials. Transactions are read in pages with [`transactions`], because they may be large.
#[derive(Debug, Clone)]
pub struct UserRows {
    pub user: User,
    pub credentials: Vec<Credential>,
}

/// Returns a page of a user's transactions, and the cursor of the next page.
pub async fn transactions(
    context: &AdminContext,
    tenant: TenantId,
    user: UserId,
    after: Option<Cursor>,
) -> Result<(Vec<Transaction>, Option<Cursor>), ServiceError> {
    context.read(move |connection| Ok(table::for_user(connection, tenant, user, after.clone())?)).await
}

/// Returns at most `limit` users whose internal ids follow `after`, in the order of these ids.
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
                found.push(UserRows { user, credentials });
            }
            Ok(found)
        })
        .await
}
