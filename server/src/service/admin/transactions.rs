//! A tenant's transactions.

use doorward_shared::{
    TenantId,
    admin::{TransactionPage, TransactionSummary},
};

use super::{AdminCall, existing, granted, users};
use crate::{
    domain::{Transaction, list::TimeQuery},
    service::{Refusal, ServiceError, transactions as transaction_items},
    store::transactions as table,
};

/// A page of the transactions, newest first, of one user or all; with a search, first those whose identifier begins with
/// the text, then those that contain it.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::UserNotFound`].
pub async fn search(
    call: &AdminCall,
    tenant: TenantId,
    user: Option<String>,
    query: TimeQuery,
) -> Result<TransactionPage, ServiceError> {
    let found = call
        .read(move |connection| {
            granted!(existing(connection, tenant)?);
            let user = match user {
                Some(name) => Some(granted!(users::find(connection, tenant, &name)?.ok_or(Refusal::UserNotFound)).id),
                None => None,
            };
            let found = table::search(connection, tenant, user, &query)?;
            let items = found.rows.into_iter().map(|(transaction, user_id)| summary(transaction, user_id)).collect();
            Ok(Ok(TransactionPage { items, next: found.next.map(|place| place.encode()) }))
        })
        .await?;
    Ok(found?)
}

fn summary(transaction: Transaction, user_id: String) -> TransactionSummary {
    let confirmed = transaction.confirmed();
    TransactionSummary { transaction: transaction_items::item(transaction), user_id, confirmed }
}
