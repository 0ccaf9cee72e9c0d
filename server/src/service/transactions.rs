//! A user's transactions.

use doorward_shared::{UserId, public::TransactionItem};

use super::{Refusal, RequestContext, ServiceError};
use crate::{
    db::DbError,
    domain::Transaction,
    store::{transactions, users},
};

/// The transaction as clients see it.
#[must_use]
pub fn item(transaction: Transaction) -> TransactionItem {
    TransactionItem {
        id: transaction.id,
        identifier: transaction.identifier,
        data: transaction.data,
        created_at: transaction.created_at,
        updated_at: transaction.updated_at,
    }
}

/// The user's transactions, newest first. The user is named by the tenant's own id, or by Doorward's.
///
/// # Errors
/// [`Refusal::UserNotFound`].
pub async fn for_user(call: &RequestContext, user_id: &str) -> Result<Vec<TransactionItem>, ServiceError> {
    if user_id.contains('\0') {
        return Err(Refusal::UserNotFound.into());
    }
    let tenant_id = call.tenant.id();
    let user_id = user_id.to_owned();
    let found = call
        .app
        .db
        .read(move |connection| {
            let user = match users::find_by_external(connection, tenant_id, &user_id)? {
                Some(user) => Some(user),
                None => match user_id.parse::<UserId>() {
                    Ok(id) => users::find(connection, tenant_id, id)?,
                    Err(_) => None,
                },
            };
            let Some(user) = user else { return Ok::<_, DbError>(None) };
            Ok(Some(transactions::for_user(connection, tenant_id, user.id)?))
        })
        .await?;
    Ok(found.ok_or(Refusal::UserNotFound)?.into_iter().map(item).collect())
}
