//! Lists a user's transactions.

use doorward_shared::public::TransactionItem;

use super::{Refusal, RequestContext, ServiceError, user_lookup};
use crate::{
    domain::{Transaction, list::Cursor},
    store::transactions,
};

pub fn item(transaction: Transaction) -> TransactionItem {
    TransactionItem {
        id: transaction.id,
        identifier: transaction.identifier,
        data: transaction.data,
        created_at: transaction.created_at,
        updated_at: transaction.updated_at,
    }
}

/// Returns a page of the user's transactions, newest first, and the cursor of the next page. `user_id` is the user id
/// or the internal id.
pub async fn for_user(
    context: &RequestContext,
    user_id: &str,
    after: Option<Cursor>,
) -> Result<(Vec<TransactionItem>, Option<Cursor>), ServiceError> {
    let tenant_id = context.tenant.id();
    let user_id = user_id.to_owned();
    let (transactions, next) = context
        .app
        .db
        .read(move |connection| {
            let user = user_lookup::find(connection, tenant_id, &user_id)?.ok_or(Refusal::UserNotFound)?;
            Ok::<_, ServiceError>(transactions::for_user(connection, tenant_id, user.id, after.clone())?)
        })
        .await?;
    Ok((transactions.into_iter().map(item).collect(), next))
}
