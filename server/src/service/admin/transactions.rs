//! Lists transactions of a tenant.

use doorward_shared::{
    TenantId,
    admin::{TransactionPage, TransactionSummary},
};

use super::context::{AdminContext, find_tenant};
use crate::{
    domain::{Transaction, UserSelector, list::TimeQuery},
    service::{ServiceError, transactions as transaction_items, user_lookup},
    store::transactions as table,
};

/// Returns a page of the transactions of one user or of all users, newest first. A search first returns the
/// transactions whose identifier starts with the search text, then those whose identifier contains it elsewhere.
pub async fn search(
    context: &AdminContext,
    tenant: TenantId,
    user: Option<UserSelector>,
    query: TimeQuery,
) -> Result<TransactionPage, ServiceError> {
    context
        .read(move |connection| {
            find_tenant(connection, tenant)?;
            let user = match &user {
                Some(user) => Some(user_lookup::select(connection, tenant, user)?.id),
                None => None,
            };
            let found = table::search(connection, tenant, user, &query)?;
            let items = found.rows.into_iter().map(|(transaction, user_id)| summary(transaction, user_id)).collect();
            Ok(TransactionPage { items, next: found.next.map(|cursor| cursor.encode()) })
        })
        .await
}

fn summary(transaction: Transaction, user_id: String) -> TransactionSummary {
    let confirmed = transaction.confirmed();
    TransactionSummary { transaction: transaction_items::item(transaction), user_id, confirmed }
}
