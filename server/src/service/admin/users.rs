//! A tenant's users: list, look at, delete.

use doorward_shared::{
    AuditType, TenantId, UserId,
    admin::{UserDetail, UserItem, UserSummary, UserSummaryPage},
    page::{Order, Page, PageRequest},
};
use serde_json::json;

use super::{AdminCall, existing, granted};
use crate::{
    db::{Connection, DbError},
    domain::{CredentialId, User, list::TimeQuery},
    service::{Refusal, ServiceError, credentials as credential_items, transactions as transaction_items},
    store::{credentials, tenants, transactions, users as table},
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
) -> Result<Page<UserItem>, ServiceError> {
    let found = call
        .read(move |connection| match tenants::find(connection, tenant)? {
            Some(_) => table::page(connection, tenant, search.as_deref(), order, page).map(Some),
            None => Ok(None),
        })
        .await?
        .ok_or(Refusal::TenantNotFound)?;
    Ok(Page { items: found.items.into_iter().map(item).collect(), total: found.total })
}

/// A page of the users, newest first, with what lists show of them; with a search, first those whose id or a name begins
/// with the text, then those that contain it.
///
/// # Errors
/// [`Refusal::TenantNotFound`].
pub async fn search(call: &AdminCall, tenant: TenantId, query: TimeQuery) -> Result<UserSummaryPage, ServiceError> {
    let found = call
        .read(move |connection| {
            granted!(existing(connection, tenant)?);
            let found = table::search(connection, tenant, &query)?;
            let ids: Vec<UserId> = found.rows.iter().map(|user| user.id).collect();
            let mut used = credentials::of_users(connection, tenant, &ids)?;
            let summary = |user: User| {
                let (credentials, last_used_at) = used.remove(&user.id).unwrap_or_default();
                UserSummary { user: item(user), credentials, last_used_at }
            };
            let items = found.rows.into_iter().map(summary).collect();
            Ok(Ok(UserSummaryPage { items, total: found.known, next: found.next.map(|place| place.encode()) }))
        })
        .await?;
    Ok(found?)
}

/// Deletes one of a user's credentials.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::UserNotFound`], [`Refusal::CredentialNotFound`], also for another user's.
pub async fn delete_credential(call: &AdminCall, tenant: TenantId, name: &str, id: &str) -> Result<(), ServiceError> {
    let (name, id) = (name.to_owned(), id.to_owned());
    let event = call.event(tenant, AuditType::WebauthnCredentialDeleted, call.app.clock.now())?;
    call.change(move |connection| {
        granted!(existing(connection, tenant)?);
        let user = granted!(find(connection, tenant, &name)?.ok_or(Refusal::UserNotFound));
        let not_found = || Refusal::CredentialNotFound(id.clone());
        let credential_id = granted!(CredentialId::parse(&id).ok_or_else(not_found));
        let found = credentials::find(connection, tenant, &credential_id)?.filter(|found| found.user_id == user.id);
        let credential = granted!(found.ok_or_else(not_found));
        if !credentials::delete(connection, tenant, &credential_id)? {
            return Ok(Err(not_found()));
        }
        let detail = json!({ "user_id": user.external_id, "name": credential.name, "is_mfa": credential.is_mfa });
        event.credential(&credential_id).detail(detail).write(connection)?;
        Ok(Ok(()))
    })
    .await
}

/// A user with credentials and transactions; named by Doorward's id or by the tenant's own.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::UserNotFound`].
pub async fn get(call: &AdminCall, tenant: TenantId, name: &str) -> Result<UserDetail, ServiceError> {
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
pub async fn delete(call: &AdminCall, tenant: TenantId, name: &str) -> Result<(), ServiceError> {
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
pub(super) fn find(connection: &mut Connection, tenant: TenantId, name: &str) -> Result<Option<User>, DbError> {
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
