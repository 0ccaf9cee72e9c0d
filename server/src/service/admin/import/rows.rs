//! Users, credentials, transactions and audit entries, in batches. Each batch is one unit of work.

use doorward_shared::{AuditId, AuditType, TenantId, Timestamp, UserId, admin::UserIdKind};
use serde_json::json;

use super::super::{context::AdminContext, users as admin_users};
use crate::{
    db::Connection,
    domain::{AuditEvent, Credential, CredentialId, ImportOutcome, Transaction, User, UserSelector},
    service::{ServiceError, forwarding},
    store::{
        audit,
        credentials::{self as stored_credentials, import as credentials_table},
        transactions as transactions_table, users as users_table,
    },
};

/// An audit entry of another system.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: AuditId,
    pub event: AuditEvent,
}

/// Imports users. Returns one outcome for each.
pub async fn users(context: &AdminContext, batch: Vec<User>) -> Result<Vec<ImportOutcome>, ServiceError> {
    each(context, batch, |connection, user| Ok(users_table::import(connection, user)?)).await
}

/// Imports credentials of imported users. The user of each may have been added here before the import: then the
/// credential belongs to that user.
pub async fn credentials(
    context: &AdminContext,
    batch: Vec<(Credential, String)>,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    each(context, batch, |connection, (credential, external_id)| {
        let owner = users_table::find_by_external(connection, credential.tenant_id, external_id)?;
        let Some(owner) = owner else { return Ok(ImportOutcome::Refused("its user was not imported")) };
        let credential = Credential { user_id: owner.id, ..credential.clone() };
        let outcome = credentials_table::add_or_update(connection, &credential)?;
        if let (ImportOutcome::Added, Some(since)) = (outcome, owner.disabled_at) {
            credentials_table::set_user_disabled(connection, credential.tenant_id, &credential.id, since)?;
        }
        Ok(outcome)
    })
    .await
}

/// Imports transactions, each with the id of its user in the tenant's system.
pub async fn transactions(
    context: &AdminContext,
    batch: Vec<(Transaction, String)>,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    each(context, batch, |connection, (transaction, external_id)| {
        let owner = users_table::find_by_external(connection, transaction.tenant_id, external_id)?;
        let Some(owner) = owner else { return Ok(ImportOutcome::Refused("its user was not imported")) };
        let transaction = Transaction { user_id: owner.id, ..transaction.clone() };
        Ok(transactions_table::import(connection, &transaction)?)
    })
    .await
}

/// Imports audit entries, which are then forwarded. An entry of a confirmed transaction also marks the transaction as
/// confirmed.
pub async fn history(context: &AdminContext, batch: Vec<Entry>) -> Result<Vec<ImportOutcome>, ServiceError> {
    let import = move |connection: &mut Connection| {
        let (mut outcomes, mut first) = (Vec::new(), None);
        for entry in &batch {
            let is_new = import_entry(connection, entry)?;
            first = first.into_iter().chain(is_new.then_some(entry.id)).min();
            outcomes.push(if is_new { ImportOutcome::Added } else { ImportOutcome::Unchanged });
        }
        if let Some(first) = first {
            forwarding::rewind(connection, first)?;
        }
        Ok(outcomes)
    };
    context.app.db.write(import).await
}

/// Returns whether the entry is new.
fn import_entry(connection: &mut Connection, Entry { id, event }: &Entry) -> Result<bool, ServiceError> {
    if let (AuditType::WebauthnTransactionFinalSucceeded, Some(identifier)) = (event.kind, &event.transaction_id) {
        transactions_table::confirm_imported(connection, event.tenant_id, identifier, event.at)?;
    }
    Ok(audit::import(connection, event, *id)?)
}

async fn each<T: Send + 'static>(
    context: &AdminContext,
    batch: Vec<T>,
    import: fn(&mut Connection, &T) -> Result<ImportOutcome, ServiceError>,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    context.app.db.write(move |connection| batch.iter().map(|row| import(connection, row)).collect()).await
}

/// Returns the next ids of users that were created until a time.
pub async fn older_users(
    context: &AdminContext,
    tenant: TenantId,
    until: Timestamp,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, ServiceError> {
    context.read(move |connection| Ok(users_table::ids_created_until(connection, tenant, until, after, limit)?)).await
}

/// Deletes a user that the other system has deleted.
pub async fn delete_user(context: &AdminContext, tenant: TenantId, id: UserId) -> Result<(), ServiceError> {
    let user = UserSelector { id: id.to_string(), by: Some(UserIdKind::Id) };
    admin_users::delete(context, tenant, user).await
}

/// Returns the next ids of credentials that were created until a time.
pub async fn older_credentials(
    context: &AdminContext,
    tenant: TenantId,
    until: Timestamp,
    after: String,
    limit: i64,
) -> Result<Vec<CredentialId>, ServiceError> {
    context
        .read(move |connection| Ok(credentials_table::ids_created_until(connection, tenant, until, &after, limit)?))
        .await
}

/// Deletes credentials that the other system has deleted. Returns their number.
pub async fn delete_credentials(
    context: &AdminContext,
    tenant: TenantId,
    missing: Vec<CredentialId>,
) -> Result<u64, ServiceError> {
    let entry = context.event(tenant, AuditType::CredentialDeletedByAdmin, context.app.clock.now())?;
    context
        .change(move |connection| {
            let mut deleted = 0;
            for id in missing {
                if stored_credentials::delete(connection, tenant, &id)? {
                    let detail = json!({ "reason": "deleted in the source of the import" });
                    entry.clone().credential(&id).detail(detail).write(connection)?;
                    deleted += 1;
                }
            }
            Ok(deleted)
        })
        .await
}
