//! Import of credentials from another system.

use diesel::prelude::*;
use doorward_shared::{TenantId, Timestamp, UserId};

use super::{Connection, DbError, credentials, find, insert_row, on_engine, row_convert};
use crate::domain::{Credential, CredentialId, ImportOutcome, ImportRule};

/// Adds a credential, or updates the values that change when a credential is used or renamed in the other system. The
/// stored signature counter never decreases, and a second factor never becomes a passkey. The caller must add the
/// number of added credentials to the tenant's count.
pub fn import(conn: &mut Connection, credential: &Credential, rule: ImportRule) -> Result<ImportOutcome, DbError> {
    lock(conn, credential)?;
    let Some(stored) = find(conn, credential.tenant_id, &credential.id)? else {
        if let Some(refused) = rule.deleted_here(credential.created_at) {
            return Ok(refused);
        }
        return match insert_row(conn, credential) {
            Err(DbError::Orphan) => Ok(ImportOutcome::Refused("its user was not imported")),
            inserted => inserted.map(|()| ImportOutcome::Added),
        };
    };
    if (stored.user_id, &stored.public_key) != (credential.user_id, &credential.public_key) {
        return Ok(ImportOutcome::Refused("a credential with this id has another user or another public key"));
    }
    if stored.is_mfa != credential.is_mfa {
        return Ok(ImportOutcome::Refused("it is a passkey in one system and only a second factor in the other"));
    }
    if !rule.update {
        return Ok(ImportOutcome::Unchanged);
    }
    let newer = Credential {
        name: credential.name.clone(),
        sign_count: stored.sign_count.max(credential.sign_count),
        // As at logins, a credential may become eligible for backup, but never becomes ineligible.
        backup_eligible: stored.backup_eligible || credential.backup_eligible,
        backup_state: credential.backup_state,
        transports: credential.transports.clone(),
        last_used_at: stored.last_used_at.max(credential.last_used_at),
        updated_at: stored.updated_at.max(credential.updated_at),
        ..stored.clone()
    };
    if newer == stored {
        return Ok(ImportOutcome::Unchanged);
    }
    update(conn, &newer)?;
    Ok(ImportOutcome::Updated)
}

/// On PostgreSQL, locks a stored credential, so that a concurrent login does not change the signature counter between
/// the comparison and the update.
fn lock(conn: &mut Connection, credential: &Credential) -> Result<(), DbError> {
    if let Connection::Postgres(c, _) = conn {
        let row = credentials::table.find((credential.tenant_id.to_string(), credential.id.to_string()));
        row.select(credentials::id).for_no_key_update().first::<String>(c).optional()?;
    }
    Ok(())
}

/// Marks the user as disabled in an imported credential. Logins check this copy of the user's state.
pub fn set_user_disabled(
    conn: &mut Connection,
    tenant: TenantId,
    id: &CredentialId,
    since: Timestamp,
) -> Result<(), DbError> {
    let target = || credentials::table.find((tenant.to_string(), id.to_string()));
    let change = credentials::user_disabled_at.eq(since.millis());
    on_engine!(conn, c, _Db => diesel::update(target()).set(change).execute(c))?;
    Ok(())
}

fn update(conn: &mut Connection, credential: &Credential) -> Result<(), DbError> {
    let target = || credentials::table.find((credential.tenant_id.to_string(), credential.id.to_string()));
    let changes = (
        credentials::name.eq(&credential.name),
        credentials::sign_count.eq(i64::from(credential.sign_count)),
        credentials::backup_eligible.eq(credential.backup_eligible),
        credentials::backup_state.eq(credential.backup_state),
        credentials::transports.eq(row_convert::to_json(&credential.transports)?),
        credentials::last_used_at.eq(row_convert::millis(credential.last_used_at)),
        credentials::updated_at.eq(credential.updated_at.millis()),
    );
    on_engine!(conn, c, _Db => diesel::update(target()).set(changes).execute(c))?;
    Ok(())
}

/// Returns ids of credentials that were created at `until` or earlier, each with the internal id of the user. Begins
/// after the id `after`, in the order of the ids' texts, and returns at most `limit` ids.
pub fn ids_created_until(
    conn: &mut Connection,
    tenant: TenantId,
    until: Timestamp,
    after: &str,
    limit: i64,
) -> Result<Vec<(CredentialId, UserId)>, DbError> {
    let query = || {
        credentials::table
            .filter(credentials::tenant_id.eq(tenant.to_string()))
            .filter(credentials::created_at.le(until.millis()))
            .filter(credentials::id.gt(after))
            .order(credentials::id)
            .limit(limit)
            .select((credentials::id, credentials::user_id))
    };
    let ids: Vec<(String, String)> = on_engine!(conn, c, _Db => query().load(c))?;
    let parse = |(id, user): &(String, String)| {
        let id = CredentialId::parse(id).ok_or_else(|| row_convert::corrupt(&"a credential's id"))?;
        Ok((id, row_convert::parse(user)?))
    };
    ids.iter().map(parse).collect()
}
