//! A tenant's users: list, look at, delete.

use doorward_shared::{
    AuditType, TenantId, UserId,
    admin::{UserDetail, UserItem},
    page::{Order, Page, PageRequest},
};
use serde_json::json;

use super::{AdminCall, existing, granted};
use crate::{
    domain::User,
    service::{Failure, Refusal, credentials as credential_items, transactions as transaction_items},
    store::{Connection, StoreError, credentials, tenants, transactions, users as table},
};

/// A page of the users; with `search`, of those whose ids or names contain it.
///
/// # Errors
/// [`Refusal::TenantNotFound`].
pub async fn list(
    call: &AdminCall,
    tenant: TenantId,
    search: Option<String>,
    order: Order,
    page: PageRequest,
) -> Result<Page<UserItem>, Failure> {
    let found = call
        .read(move |connection| match tenants::find(connection, tenant)? {
            Some(_) => table::page(connection, tenant, search.as_deref(), order, page).map(Some),
            None => Ok(None),
        })
        .await?
        .ok_or(Refusal::TenantNotFound)?;
    Ok(Page { items: found.items.into_iter().map(item).collect(), total: found.total })
}

/// A user with credentials and transactions; named by Doorward's id or by the tenant's own.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::UserNotFound`].
pub async fn get(call: &AdminCall, tenant: TenantId, name: &str) -> Result<UserDetail, Failure> {
    let name = name.to_owned();
    let found = call
        .read(move |connection| {
            granted!(existing(connection, tenant)?);
            let user = granted!(find(connection, tenant, &name)?.ok_or(Refusal::UserNotFound));
            let credentials = credentials::for_user(connection, tenant, user.id)?;
            let transactions = transactions::for_user(connection, tenant, user.id)?;
            Ok(Ok((user, credentials, transactions)))
        })
        .await?;
    let (user, credentials, transactions) = found?;
    let user_id = user.external_id.clone();
    Ok(UserDetail {
        credentials: credentials.into_iter().map(|one| credential_items::item(one, user_id.clone())).collect(),
        transactions: transactions.into_iter().map(transaction_items::item).collect(),
        user: item(user),
    })
}

/// Deletes a user with credentials, transactions and challenges.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::UserNotFound`].
pub async fn delete(call: &AdminCall, tenant: TenantId, name: &str) -> Result<(), Failure> {
    let name = name.to_owned();
    let event = call.event(tenant, AuditType::UserDeleted, call.app.clock.now())?;
    call.change(move |connection| {
        granted!(existing(connection, tenant)?);
        let user = granted!(find(connection, tenant, &name)?.ok_or(Refusal::UserNotFound));
        table::delete(connection, tenant, user.id)?;
        event.detail(json!({ "id": user.id, "user_id": user.external_id })).write(connection)?;
        Ok(Ok(()))
    })
    .await
}

/// By the tenant's own id first: it may happen to look like a UUID.
fn find(connection: &mut Connection, tenant: TenantId, name: &str) -> Result<Option<User>, StoreError> {
    if name.contains('\0') {
        return Ok(None);
    }
    if let Some(user) = table::find_by_external(connection, tenant, name)? {
        return Ok(Some(user));
    }
    match name.parse::<UserId>() {
        Ok(id) => table::find(connection, tenant, id),
        Err(_) => Ok(None),
    }
}

fn item(user: User) -> UserItem {
    UserItem {
        id: user.id,
        user_id: user.external_id,
        name: user.name,
        icon: user.icon,
        display_name: user.display_name,
        created_at: user.created_at,
    }
}
