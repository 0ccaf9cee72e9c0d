//! Lists, reads and deletes users of a tenant, and deletes their credentials.

use doorward_shared::{
    AuditType, TenantId, UserId,
    admin::{UserDetail, UserItem, UserSummary, UserSummaryPage},
};
use serde_json::json;

use super::context::{AdminContext, find_tenant};
use crate::{
    db::Connection,
    domain::{
        CredentialId, User, UserSelector,
        list::{NumberedPage, PageQuery, TimeQuery},
    },
    service::{
        Refusal, ServiceError, audited::Audited, credentials as credential_items, transactions as transaction_items,
        user_lookup,
    },
    store::{
        credentials, transactions,
        users::{self as table, Deletion},
    },
};

/// Returns a page of the users. With `search`, returns only users whose ids or names contain this text.
pub async fn list(
    context: &AdminContext,
    tenant: TenantId,
    search: Option<String>,
    query: PageQuery,
) -> Result<NumberedPage<UserItem>, ServiceError> {
    let found = context
        .read(move |connection| {
            find_tenant(connection, tenant)?;
            Ok(table::page(connection, tenant, search.as_deref(), &query)?)
        })
        .await?;
    Ok(found.map(item))
}

/// Returns a page of user summaries, newest first. A search first lists users whose id or name starts with the search
/// text, then users whose id or name contains it elsewhere.
pub async fn search(
    context: &AdminContext,
    tenant: TenantId,
    query: TimeQuery,
) -> Result<UserSummaryPage, ServiceError> {
    context
        .read(move |connection| {
            find_tenant(connection, tenant)?;
            let found = table::search(connection, tenant, &query)?;
            let ids: Vec<UserId> = found.rows.iter().map(|user| user.id).collect();
            let mut used = credentials::of_users(connection, tenant, &ids)?;
            let summary = |user: User| {
                let (credentials, last_used_at) = used.remove(&user.id).unwrap_or_default();
                UserSummary { user: item(user), credentials, last_used_at }
            };
            let items = found.rows.into_iter().map(summary).collect();
            Ok(UserSummaryPage { items, total: found.known, next: found.next.map(|cursor| cursor.encode()) })
        })
        .await
}

/// Deletes one of a user's credentials.
///
/// # Errors
/// [`Refusal::TenantNotFound`], [`Refusal::UserNotFound`], and [`Refusal::CredentialNotFound`], which is also returned
/// for a credential of another user.
pub async fn delete_credential(
    context: &AdminContext,
    tenant: TenantId,
    user: UserSelector,
    id: &str,
) -> Result<(), ServiceError> {
    let id = id.to_owned();
    let entry = context.event(tenant, AuditType::CredentialDeletedByAdmin, context.app.clock.now())?;
    context
        .change(move |connection| {
            let user = find_user(connection, tenant, &user)?;
            let not_found = || Refusal::CredentialNotFound(id.clone());
            let credential_id = CredentialId::parse(&id).ok_or_else(not_found)?;
            let found = credentials::find(connection, tenant, &credential_id)?.filter(|found| found.user_id == user.id);
            let credential = found.ok_or_else(not_found)?;
            if !credentials::delete(connection, tenant, &credential_id)? {
                return Err(not_found().into());
            }
            let detail = json!({ "user_id": user.external_id, "name": credential.name, "is_mfa": credential.is_mfa });
            Ok(entry.clone().credential(&credential_id).detail(detail).write_with(connection, ())?)
        })
        .await
}

/// Returns a user, the user's credentials, and the first page of the user's transactions.
pub async fn get(context: &AdminContext, tenant: TenantId, user: UserSelector) -> Result<UserDetail, ServiceError> {
    let found = context
        .read(move |connection| {
            let user = find_user(connection, tenant, &user)?;
            let credentials = credentials::for_user(connection, tenant, user.id)?;
            let (transactions, _) = transactions::for_user(connection, tenant, user.id, None)?;
            Ok((user, credentials, transactions))
        })
        .await?;
    let (user, credentials, transactions) = found;
    let user_id = user.external_id.clone();
    let metadata = context.app.metadata().await?;
    Ok(UserDetail {
        credentials: credentials
            .into_iter()
            .map(|one| credential_items::item(one, user_id.clone(), &metadata))
            .collect(),
        transactions: transactions.into_iter().map(transaction_items::item).collect(),
        user: item(user),
    })
}

/// Deletes a user and the user's credentials and transactions. If there are more than [`table::DELETED_AT_ONCE`]
/// transactions, a job deletes the rest.
pub async fn delete(context: &AdminContext, tenant: TenantId, user: UserSelector) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let entry = context.event(tenant, AuditType::UserDeleted, now)?;
    loop {
        let (user, entry) = (user.clone(), entry.clone());
        let deletion = context.change(move |connection| {
            let user = find_user(connection, tenant, &user)?;
            let deletion = table::delete(connection, tenant, user.id, now, table::DELETED_AT_ONCE)?;
            match deletion {
                // On PostgreSQL, a concurrent request may have deleted the user since the user was read.
                Deletion::NotFound => Err(Refusal::UserNotFound.into()),
                Deletion::Started => Ok(Audited::without_entry(deletion)),
                Deletion::Done => {
                    let detail = json!({ "id": user.id, "user_id": user.external_id });
                    Ok(entry.clone().detail(detail).write_with(connection, deletion)?)
                }
            }
        });
        if deletion.await? == Deletion::Done {
            return Ok(());
        }
    }
}

fn find_user(connection: &mut Connection, tenant: TenantId, user: &UserSelector) -> Result<User, ServiceError> {
    find_tenant(connection, tenant)?;
    user_lookup::select(connection, tenant, user)
}

pub(super) fn item(user: User) -> UserItem {
    UserItem {
        id: user.id,
        user_id: user.external_id,
        name: user.name,
        icon: user.icon,
        display_name: user.display_name,
        created_at: user.created_at,
        disabled_at: user.disabled_at,
    }
}
