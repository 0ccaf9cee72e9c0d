//! Imports users, credentials and transactions.

use std::collections::BTreeSet;

use doorward_shared::{AttestationTrust, Base64Url, TenantId, UserId};

use super::{
    rows::{
        CREDENTIALS, CredentialRow, EXISTING_CREDENTIALS, EXISTING_USERS, TRANSACTIONS, TransactionRow, USERS, UserRow,
    },
    secrets::time,
    session::{Import, ImportError, Table, USERS as KIND_USERS},
};
use crate::{
    domain::{Credential, CredentialId, Transaction, User, user::MAX_USER_HANDLE_BYTES},
    service::admin::import::{self as target, Row},
    webauthn,
};

/// Number of stored ids that one query looks up in the source.
const COMPARED: i64 = 500;

pub(super) fn users(import: &mut Import<'_>) -> Result<(), ImportError> {
    import.table(
        Table { query: USERS, kind: KIND_USERS, name: "users" },
        |tenant, state, row: UserRow| Some(user(tenant, &row).map(|user| Row { row: user, rule: state.rule() })),
        target::users,
    )
}

fn user(tenant_id: TenantId, row: &UserRow) -> Result<User, &'static str> {
    if row.user_id.is_empty() || row.user_id.len() > MAX_USER_HANDLE_BYTES {
        return Err("its id does not have 1 to 64 bytes, so no authenticator can store it as a user handle");
    }
    let id: UserId = row.id.parse().map_err(|_| "its internal id is not a UUID")?;
    Ok(User {
        tenant_id,
        id,
        external_id: row.user_id.clone(),
        name: row.name.clone(),
        display_name: row.display_name.clone(),
        icon: row.icon.clone(),
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        disabled_at: None,
    })
}

pub(super) fn credentials(import: &mut Import<'_>) -> Result<(), ImportError> {
    import.table(
        Table { query: CREDENTIALS, kind: "credentials", name: "credentials" },
        |tenant, state, row: CredentialRow| {
            let credential = credential(tenant, &row);
            Some(credential.map(|credential| Row { row: (credential, row.user_id), rule: state.rule() }))
        },
        target::credentials,
    )
}

fn credential(tenant_id: TenantId, row: &CredentialRow) -> Result<Credential, String> {
    let id = CredentialId::parse(&row.id).ok_or("its id is not base64url")?;
    let key = Base64Url::decode(&row.public_key).map_err(|_| "its public key is not base64url")?;
    let (algorithm, public_key) = webauthn::imported_key(key.as_bytes()).map_err(|error| error.reason)?;
    let (created_at, last_used_at) = (time(row.created_at), row.last_used_at.map(time));
    Ok(Credential {
        tenant_id,
        id,
        // Not used: the import looks up the owner by the user id in the source.
        user_id: UserId::new(uuid::Uuid::nil()),
        name: row.name.clone().unwrap_or_default(),
        public_key,
        algorithm,
        attestation_format: row.attestation_format.clone(),
        // The source keeps no attestation, so nothing is proven.
        attestation_trust: AttestationTrust::None,
        attestation_key_id: None,
        aaguid: row.aaguid.parse().map_err(|_| "its AAGUID is not a UUID")?,
        sign_count: u32::try_from(row.sign_count).map_err(|_| "its signature counter is negative")?,
        transports: row
            .transports
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|e| e.to_string())?
            .unwrap_or_default(),
        backup_eligible: row.backup_eligible,
        backup_state: row.backup_state,
        is_mfa: row.is_mfa,
        // The source does not record these two values.
        user_verified: false,
        discoverable: None,
        // The source also sets this time at the registration. Only a later time means that the credential was used.
        last_used_at: last_used_at.filter(|used| *used > created_at),
        created_at,
        updated_at: created_at,
        disabled_at: None,
    })
}

pub(super) fn transactions(import: &mut Import<'_>) -> Result<(), ImportError> {
    import.table(
        Table { query: TRANSACTIONS, kind: "transactions", name: "transactions" },
        |tenant, _, row: TransactionRow| Some(transaction(tenant, row)),
        target::transactions,
    )
}

fn transaction(tenant_id: TenantId, row: TransactionRow) -> Result<(Transaction, String), &'static str> {
    let created_at = time(row.created_at);
    let transaction = Transaction {
        tenant_id,
        id: row.id.parse().map_err(|_| "its internal id is not a UUID")?,
        identifier: row.identifier,
        // Not used: the import looks up the owner by the user id in the source.
        user_id: UserId::new(uuid::Uuid::nil()),
        data: row.data,
        created_at,
        // The import of the audit log later marks the confirmed transactions.
        updated_at: created_at,
    };
    Ok((transaction, row.user_id))
}

/// Deletes imported users and credentials that the source no longer contains. A dry run counts them and deletes
/// nothing.
pub(super) fn delete_missing(import: &mut Import<'_>) -> Result<(), ImportError> {
    let tenants: Vec<TenantId> = import.tenants.keys().copied().collect();
    for id in tenants {
        let Some(tenant) = import.tenants.get(&id).filter(|one| !one.report.is_skipped() && !one.is_used) else {
            continue;
        };
        let Some(previous) = tenant.previous.clone() else { continue };
        let reason = if previous.mixed {
            "rows of a file were imported into this tenant. Users and credentials that the source no longer has are not \
             deleted, because they may come from the file: compare the lists, and delete what is no longer needed"
        } else if import.wait(target::is_used(&import.context, id))? {
            "Doorward has begun to serve it during this import. Rows that the source no longer has are not deleted"
        } else {
            ""
        };
        if !reason.is_empty() {
            if let Some(tenant) = import.tenants.get_mut(&id) {
                tenant.report.problem("deletions", reason);
            }
            continue;
        }
        let users = delete_users(import, id, &previous)?;
        let credentials = delete_credentials(import, id, &previous, &users)?;
        if let Some(tenant) = import.tenants.get_mut(&id) {
            tenant.report.tally(KIND_USERS).deleted = users.len() as u64;
            tenant.report.tally("credentials").deleted = credentials;
        }
    }
    Ok(())
}

/// Deletes users that the source no longer contains, and returns their internal ids. Stops when Doorward begins to
/// serve the tenant. A dry run deletes nothing, but returns the same ids.
fn delete_users(
    import: &mut Import<'_>,
    tenant: TenantId,
    previous: &target::ImportState,
) -> Result<BTreeSet<UserId>, ImportError> {
    let (mut after, mut deleted) = (UserId::new(uuid::Uuid::nil()), BTreeSet::new());
    loop {
        let page = target::older_users(&import.context, tenant, previous.rows_until, after, COMPARED);
        let page = import.wait(page)?;
        let Some(last) = page.last() else { return Ok(deleted) };
        after = *last;
        let ids: Vec<String> = page.iter().map(ToString::to_string).collect();
        let existing: BTreeSet<String> = import.source.texts(EXISTING_USERS, &ids)?.into_iter().collect();
        for id in page.iter().filter(|id| !existing.contains(&id.to_string())) {
            if import.wait(target::is_used(&import.context, tenant))? {
                return Ok(deleted);
            }
            if !import.options.dry_run {
                import.wait(target::delete_user(&import.context, tenant, *id))?;
            }
            deleted.insert(*id);
        }
    }
}

/// Deletes credentials that the source no longer contains, and returns their number. Leaves out the credentials of
/// `deleted_users`, which were deleted with their users. A dry run deletes nothing, but returns the same number.
fn delete_credentials(
    import: &mut Import<'_>,
    tenant: TenantId,
    previous: &target::ImportState,
    deleted_users: &BTreeSet<UserId>,
) -> Result<u64, ImportError> {
    let (mut after, mut deleted) = (String::new(), 0);
    loop {
        let page = target::older_credentials(&import.context, tenant, previous.rows_until, after, COMPARED);
        let page = import.wait(page)?;
        let Some((last, _)) = page.last() else { return Ok(deleted) };
        after = last.to_string();
        let ids: Vec<String> = page.iter().map(|(id, _)| id.to_string()).collect();
        let existing: BTreeSet<String> = import.source.texts(EXISTING_CREDENTIALS, &ids)?.into_iter().collect();
        let is_missing =
            |id: &CredentialId, user: &UserId| !existing.contains(&id.to_string()) && !deleted_users.contains(user);
        let missing: Vec<CredentialId> =
            page.into_iter().filter(|(id, user)| is_missing(id, user)).map(|(id, _)| id).collect();
        if import.options.dry_run {
            deleted += missing.len() as u64;
        } else if !missing.is_empty() {
            deleted += import.wait(target::delete_credentials(&import.context, tenant, missing))?;
        }
    }
}
