//! Attestations of credentials. They are deleted with their credentials.

use diesel::prelude::*;
use doorward_shared::{AttestationTrust, TenantId, Timestamp};

use super::{
    Connection, DbError, on_engine, row_convert,
    schema::{attestations, credentials},
};
use crate::domain::{CredentialId, KeptAttestation};

/// An attestation that was not judged with the newest metadata.
#[derive(Debug, Clone)]
pub struct Outdated {
    pub tenant_id: TenantId,
    pub credential_id: CredentialId,
    pub kept: KeptAttestation,
    pub registered_at: Timestamp,
}

/// Keeps the attestation of a new credential. `metadata` is the number of the BLOB with which the attestation was
/// judged.
pub fn insert(
    conn: &mut Connection,
    tenant: TenantId,
    id: &CredentialId,
    kept: &KeptAttestation,
    metadata: u64,
) -> Result<(), DbError> {
    let values = (
        attestations::tenant_id.eq(tenant.to_string()),
        attestations::credential_id.eq(id.to_string()),
        attestations::judged_with.eq(number(metadata)?),
        attestations::client_data_hash.eq(&kept.client_data_hash),
        attestations::attestation_object.eq(&kept.object),
    );
    on_engine!(conn, c, _Db => diesel::insert_into(attestations::table).values(values).execute(c))?;
    Ok(())
}

/// Returns at most `limit` attestations that were judged with a BLOB whose number is less than `metadata`.
pub fn outdated(conn: &mut Connection, metadata: u64, limit: i64) -> Result<Vec<Outdated>, DbError> {
    type Row = (String, String, Vec<u8>, Vec<u8>, i64);
    let metadata = number(metadata)?;
    let of_credential =
        attestations::tenant_id.eq(credentials::tenant_id).and(attestations::credential_id.eq(credentials::id));
    let query = || {
        attestations::table
            .inner_join(credentials::table.on(of_credential))
            .filter(attestations::judged_with.lt(metadata))
            .order((attestations::judged_with, attestations::tenant_id, attestations::credential_id))
            .limit(limit)
            .select((
                attestations::tenant_id,
                attestations::credential_id,
                attestations::client_data_hash,
                attestations::attestation_object,
                credentials::created_at,
            ))
    };
    let rows = on_engine!(conn, c, _Db => query().load::<Row>(c))?;
    let convert = |(tenant, id, client_data_hash, object, registered_at): Row| {
        Ok(Outdated {
            tenant_id: row_convert::parse(&tenant)?,
            credential_id: CredentialId::parse(&id).ok_or_else(|| row_convert::corrupt(&"a credential's id"))?,
            kept: KeptAttestation { object, client_data_hash },
            registered_at: Timestamp::from_millis(registered_at),
        })
    };
    rows.into_iter().map(convert).collect()
}

/// Records that an attestation was judged with the BLOB whose number is `metadata`. Returns whether the trust in the
/// credential changed. Changes nothing if, in the meantime, the attestation was deleted, replaced, or judged with the
/// same or newer metadata. Also changes nothing if another unit has locked the credential.
pub fn record(
    conn: &mut Connection,
    judged: &Outdated,
    trust: AttestationTrust,
    metadata: u64,
) -> Result<bool, DbError> {
    let Some(stored) = lock(conn, judged)? else { return Ok(false) };
    let (tenant, id) = (judged.tenant_id.to_string(), judged.credential_id.to_string());
    let (by_metadata, hash) = (number(metadata)?, &judged.kept.client_data_hash);
    let update = || {
        diesel::update(attestations::table.find((&tenant, &id)))
            .filter(attestations::judged_with.lt(by_metadata))
            .filter(attestations::client_data_hash.eq(hash))
            .set(attestations::judged_with.eq(by_metadata))
    };
    let is_newest = on_engine!(conn, c, _Db => update().execute(c))? == 1;
    if !is_newest || trust == stored {
        return Ok(false);
    }
    let update = || {
        diesel::update(credentials::table.find((&tenant, &id))).set(credentials::attestation_trust.eq(trust.as_str()))
    };
    on_engine!(conn, c, _Db => update().execute(c))?;
    Ok(true)
}

/// Locks the credential and returns its stored trust. The lock is needed because two processes may judge the credential
/// with different metadata at the same time. The credential is locked before its attestation, because a deletion locks
/// them in this order.
///
/// Returns `None` if another unit has locked the credential. Waiting for that unit could deadlock: this unit has locked
/// other credentials, and logins that share a transaction lock several credentials in another order.
fn lock(conn: &mut Connection, judged: &Outdated) -> Result<Option<AttestationTrust>, DbError> {
    let (tenant, id) = (judged.tenant_id.to_string(), judged.credential_id.to_string());
    let query = || credentials::table.find((&tenant, &id)).select(credentials::attestation_trust);
    let found: Option<String> = match conn {
        Connection::Postgres(c, _) => query().for_no_key_update().skip_locked().first(c).optional()?,
        Connection::Sqlite(c) => query().first(c).optional()?,
    };
    found.map(|trust| row_convert::parse(&trust)).transpose()
}

fn number(metadata: u64) -> Result<i64, DbError> {
    i64::try_from(metadata).map_err(|error| row_convert::corrupt(&error))
}
