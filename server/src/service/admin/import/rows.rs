//! Imports users, credentials, transactions and audit entries in batches. Each batch is one unit of work.

use std::collections::{BTreeMap, btree_map::Entry::Vacant};

use doorward_shared::{AuditId, AuditType, TenantId, Timestamp, UserId, admin::UserIdKind};
use serde_json::json;

use super::{
    super::{context::AdminContext, users as admin_users},
    mode::{Mode, roll_back},
};
use crate::{
    db::Connection,
    domain::{AuditEvent, Credential, CredentialId, ImportOutcome, ImportRule, Transaction, User, UserSelector},
    service::{ServiceError, audited::Audited, forwarding},
    store::{
        audit,
        credentials::{self as stored_credentials, import as credentials_table},
        tenant_summaries::{self, Count},
        transactions as transactions_table, users as users_table,
    },
};

/// An audit entry of another system.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: AuditId,
    pub event: AuditEvent,
}

/// Reason for refusing a row whose user is not stored.
pub const USER_MISSING: &str = "its user was not imported";

/// A row, and what the import may do with it.
#[derive(Debug, Clone)]
pub struct Row<T> {
    pub row: T,
    pub rule: ImportRule,
}

/// Sort key of a row: the tenant, the user or transaction, and the id. All units of work write rows in this order, so
/// that concurrent units cannot deadlock.
type Key = (TenantId, String, String);

/// Imports users. Returns one outcome for each user.
pub async fn users(
    context: &AdminContext,
    mode: Mode,
    batch: Vec<Row<User>>,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    let key = |Row { row, .. }: &Row<User>| (row.tenant_id, row.external_id.clone(), String::new());
    let import =
        |connection: &mut Connection, Row { row, rule }: &Row<User>| Ok(users_table::import(connection, row, *rule)?);
    each((context, mode), batch, Some(Count::Users), key, import).await
}

/// Imports credentials, each with the user id of its owner. The owner is the stored user with this user id, even if the
/// import did not add this user.
pub async fn credentials(
    context: &AdminContext,
    mode: Mode,
    batch: Vec<Row<(Credential, String)>>,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    let mut entries = BTreeMap::new();
    for Row { row: (credential, _), .. } in batch.iter().filter(|one| one.rule.update) {
        if let Vacant(place) = entries.entry(credential.tenant_id) {
            let now = context.app.clock.now();
            place.insert(context.event(credential.tenant_id, AuditType::WebauthnCredentialUpdated, now)?);
        }
    }
    let key = |Row { row: (credential, user), .. }: &Row<(Credential, String)>| {
        (credential.tenant_id, user.clone(), credential.id.to_string())
    };
    let import = move |connection: &mut Connection, Row { row, rule }: &Row<(Credential, String)>| {
        let (credential, external_id) = row;
        let owner = users_table::find_by_external(connection, credential.tenant_id, external_id)?;
        let Some(owner) = owner else { return Ok(ImportOutcome::Refused(USER_MISSING)) };
        let credential = Credential { user_id: owner.id, ..credential.clone() };
        let outcome = credentials_table::import(connection, &credential, *rule)?;
        if let (ImportOutcome::Updated, Some(entry)) = (outcome, entries.get(&credential.tenant_id)) {
            let detail = json!({ "reason": "changed in the source of the import" });
            entry.clone().credential(&credential.id).detail(detail).write(connection)?;
        }
        if let (ImportOutcome::Added, Some(since)) = (outcome, owner.disabled_at) {
            credentials_table::set_user_disabled(connection, credential.tenant_id, &credential.id, since)?;
        }
        Ok(outcome)
    };
    each((context, mode), batch, Some(Count::Credentials), key, import).await
}

/// Imports transactions. Each is paired with the user id of its user, who must be stored already. Returns one outcome
/// for each transaction.
pub async fn transactions(
    context: &AdminContext,
    mode: Mode,
    batch: Vec<(Transaction, String)>,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    let key = |(transaction, user): &(Transaction, String)| {
        (transaction.tenant_id, user.clone(), transaction.identifier.clone())
    };
    let import = |connection: &mut Connection, (transaction, external_id): &(Transaction, String)| {
        let owner = users_table::find_by_external(connection, transaction.tenant_id, external_id)?;
        let Some(owner) = owner else { return Ok(ImportOutcome::Refused(USER_MISSING)) };
        let transaction = Transaction { user_id: owner.id, ..transaction.clone() };
        Ok(transactions_table::import(connection, &transaction)?)
    };
    each((context, mode), batch, None, key, import).await
}

/// Imports audit entries, which are then forwarded. An entry of a confirmed transaction also marks the transaction as
/// confirmed.
pub async fn history(
    context: &AdminContext,
    mode: Mode,
    batch: Vec<Entry>,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    let key = |Entry { id, event }: &Entry| {
        (event.tenant_id, event.transaction_id.clone().unwrap_or_default(), id.to_string())
    };
    let import = |connection: &mut Connection, Entry { id, event }: &Entry| {
        if let (AuditType::WebauthnTransactionFinalSucceeded, Some(identifier)) = (event.kind, &event.transaction_id) {
            transactions_table::confirm_imported(connection, event.tenant_id, identifier, event.at)?;
        }
        if !audit::import(connection, event, *id)? {
            return Ok(ImportOutcome::Unchanged);
        }
        forwarding::rewind(connection, *id)?;
        Ok(ImportOutcome::Added)
    };
    if mode == Mode::Write {
        record_activity(context, &batch).await?;
    }
    each((context, mode), batch, None, key, import).await
}

/// Stores the time of each tenant's latest entry in the batch as the tenant's last activity. Runs in a separate unit of
/// work, because a unit that locks a tenant's summary and then waits for an audit counter could deadlock.
async fn record_activity(context: &AdminContext, batch: &[Entry]) -> Result<(), ServiceError> {
    let mut latest = BTreeMap::<TenantId, Timestamp>::new();
    for Entry { event, .. } in batch {
        let time = latest.entry(event.tenant_id).or_insert(event.at);
        *time = event.at.max(*time);
    }
    let record = move |connection: &mut Connection| {
        latest.iter().try_for_each(|(tenant, at)| tenant_summaries::record_activity(connection, *tenant, *at))
    };
    Ok(context.app.db.write(record).await?)
}

/// Imports the rows of a batch in the order of their keys, and then increases each tenant's `count` by the number of
/// rows that were added to the tenant. Returns the outcomes in the order of the batch.
async fn each<T: Send + 'static>(
    (context, mode): (&AdminContext, Mode),
    batch: Vec<T>,
    count: Option<Count>,
    key: fn(&T) -> Key,
    import: impl Fn(&mut Connection, &T) -> Result<ImportOutcome, ServiceError> + Send + 'static,
) -> Result<Vec<ImportOutcome>, ServiceError> {
    let mut rows: Vec<(usize, Key, T)> =
        batch.into_iter().enumerate().map(|(place, row)| (place, key(&row), row)).collect();
    rows.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
    let unit = move |connection: &mut Connection| -> Result<_, ServiceError> {
        let (mut outcomes, mut added) = (Vec::with_capacity(rows.len()), BTreeMap::<TenantId, i64>::new());
        for (place, (tenant, ..), row) in &rows {
            let outcome = import(connection, row)?;
            *added.entry(*tenant).or_default() += i64::from(outcome == ImportOutcome::Added);
            outcomes.push((*place, outcome));
        }
        // Every unit of work locks the rows first, and then the summaries that count them.
        for (tenant, number) in added.into_iter().filter(|(_, number)| *number > 0) {
            if let Some(count) = count {
                tenant_summaries::add(connection, tenant, count, number)?;
            }
        }
        Ok(outcomes)
    };
    let mut outcomes = match mode {
        Mode::Write => context.app.db.write(unit).await?,
        Mode::DryRun => roll_back(context, unit).await?,
    };
    outcomes.sort_unstable_by_key(|(place, _)| *place);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// Returns internal ids of users that were created at `until` or earlier: at most `limit` ids after `after`, in
/// ascending order.
pub async fn older_users(
    context: &AdminContext,
    tenant: TenantId,
    until: Timestamp,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, ServiceError> {
    context.read(move |connection| Ok(users_table::ids_created_until(connection, tenant, until, after, limit)?)).await
}

/// Deletes a user that was deleted in the source of the import.
pub async fn delete_user(context: &AdminContext, tenant: TenantId, id: UserId) -> Result<(), ServiceError> {
    let user = UserSelector { id: id.to_string(), by: Some(UserIdKind::Id) };
    admin_users::delete(context, tenant, user).await
}

/// Returns ids of credentials that were created at `until` or earlier, each with the internal id of the user: at most
/// `limit` ids after `after`, in the order of the ids' texts.
pub async fn older_credentials(
    context: &AdminContext,
    tenant: TenantId,
    until: Timestamp,
    after: String,
    limit: i64,
) -> Result<Vec<(CredentialId, UserId)>, ServiceError> {
    context
        .read(move |connection| Ok(credentials_table::ids_created_until(connection, tenant, until, &after, limit)?))
        .await
}

/// Deletes credentials that were deleted in the source of the import. Returns the number of deleted credentials.
/// Deletes nothing if the tenant is used in Doorward.
pub async fn delete_credentials(
    context: &AdminContext,
    tenant: TenantId,
    missing: Vec<CredentialId>,
) -> Result<u64, ServiceError> {
    let entry = context.event(tenant, AuditType::CredentialDeletedByAdmin, context.app.clock.now())?;
    context
        .change(move |connection| {
            let mut deleted = Audited::without_entry(0);
            // The tenant may have been used in Doorward since the caller checked that it is not used.
            if tenant_summaries::is_used(connection, tenant)? {
                return Ok(deleted);
            }
            for id in &missing {
                if stored_credentials::delete(connection, tenant, id)? {
                    let detail = json!({ "reason": "deleted in the source of the import" });
                    let entry = entry.clone().credential(id).detail(detail);
                    deleted = entry.write_with(connection, deleted.value + 1)?;
                }
            }
            Ok(deleted)
        })
        .await
}
