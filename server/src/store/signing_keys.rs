//! Signing keys. The private keys are encrypted under the master key. Every change of a row is made with `erasing!`,
//! because SQLite moves a row whose size changes, and would otherwise keep the old copy in the file.

use diesel::prelude::*;
use doorward_shared::{SigningKeyId, TenantId, Timestamp};

use super::{Connection, DbError, on_engine, row_convert, schema::signing_keys};
use crate::domain::SigningKeyRecord;

/// Changes or deletes rows so that no old copy of them stays in SQLite's file. Returns the number of rows.
macro_rules! erasing {
    ($conn:ident, $change:expr) => {
        $conn.erasing(|conn| Ok(on_engine!(conn, c, _Db => $change.execute(c))?))
    };
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    tenant_id: String,
    id: String,
    algorithm: String,
    public_jwk: String,
    sealed_private_key: Vec<u8>,
    created_at: i64,
    signs_from: i64,
    retired_at: Option<i64>,
    withdrawn_at: Option<i64>,
}

impl TryFrom<Row> for SigningKeyRecord {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: row_convert::parse(&row.tenant_id)?,
            id: row_convert::parse(&row.id)?,
            algorithm: row_convert::parse(&row.algorithm)?,
            public_jwk: row.public_jwk,
            sealed_private_key: row.sealed_private_key,
            created_at: Timestamp::from_millis(row.created_at),
            signs_from: Timestamp::from_millis(row.signs_from),
            retired_at: row_convert::time(row.retired_at),
            withdrawn_at: row_convert::time(row.withdrawn_at),
        })
    }
}

/// Adds a key.
///
/// # Errors
/// [`DbError::Duplicate`] if the id exists, [`DbError::Orphan`] if the tenant does not exist.
pub fn insert(conn: &mut Connection, key: &SigningKeyRecord) -> Result<(), DbError> {
    let row = Row {
        tenant_id: key.tenant_id.to_string(),
        id: key.id.to_string(),
        algorithm: key.algorithm.as_str().to_owned(),
        public_jwk: key.public_jwk.clone(),
        sealed_private_key: key.sealed_private_key.clone(),
        created_at: key.created_at.millis(),
        signs_from: key.signs_from.millis(),
        retired_at: row_convert::millis(key.retired_at),
        withdrawn_at: row_convert::millis(key.withdrawn_at),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(signing_keys::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "signing_keys")
}

/// Returns a tenant's keys, including retired ones, oldest first.
pub fn list(conn: &mut Connection, tenant: TenantId) -> Result<Vec<SigningKeyRecord>, DbError> {
    let query = || {
        signing_keys::table
            .filter(signing_keys::tenant_id.eq(tenant.to_string()))
            .order((signing_keys::created_at.asc(), signing_keys::id.asc()))
    };
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Returns at most `limit` keys of all tenants, in the order of tenant and id, beginning after the given key.
pub fn list_of_all(
    conn: &mut Connection,
    after: Option<(TenantId, SigningKeyId)>,
    limit: i64,
) -> Result<Vec<SigningKeyRecord>, DbError> {
    let (tenant, id) = after.map_or_else(Default::default, |(tenant, id)| (tenant.to_string(), id.to_string()));
    let is_after = || {
        let in_tenant = signing_keys::tenant_id.eq(tenant.clone()).and(signing_keys::id.gt(id.clone()));
        // The first condition lets the database start the scan of the primary key at this tenant.
        signing_keys::tenant_id.ge(tenant.clone()).and(signing_keys::tenant_id.gt(tenant.clone()).or(in_tenant))
    };
    let query = || {
        let order = (signing_keys::tenant_id.asc(), signing_keys::id.asc());
        signing_keys::table.filter(is_after()).order(order).limit(limit)
    };
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Replaces the encrypted private key. Returns `false` if the key does not exist.
pub fn reseal(conn: &mut Connection, tenant: TenantId, id: SigningKeyId, sealed: &[u8]) -> Result<bool, DbError> {
    let target = || signing_keys::table.find((tenant.to_string(), id.to_string()));
    let rows = erasing!(conn, diesel::update(target()).set(signing_keys::sealed_private_key.eq(sealed)))?;
    Ok(rows == 1)
}

/// Retires a key. Returns `false` if it does not exist or is already retired.
pub fn retire(conn: &mut Connection, tenant: TenantId, id: SigningKeyId, at: Timestamp) -> Result<bool, DbError> {
    let target =
        || signing_keys::table.find((tenant.to_string(), id.to_string())).filter(signing_keys::retired_at.is_null());
    let rows = erasing!(conn, diesel::update(target()).set(signing_keys::retired_at.eq(at.millis())))?;
    Ok(rows == 1)
}

/// Sets the time at which a key stops signing; `None` removes this time. Returns `false` if the key does not exist.
pub fn schedule_retirement(
    conn: &mut Connection,
    tenant: TenantId,
    id: SigningKeyId,
    at: Option<Timestamp>,
) -> Result<bool, DbError> {
    let target = || signing_keys::table.find((tenant.to_string(), id.to_string()));
    let rows = erasing!(conn, diesel::update(target()).set(signing_keys::retired_at.eq(row_convert::millis(at))))?;
    Ok(rows == 1)
}

/// Marks a key as withdrawn, and as retired unless it was retired before. Returns `false` if the key does not exist.
pub fn withdraw(conn: &mut Connection, tenant: TenantId, id: SigningKeyId, at: Timestamp) -> Result<bool, DbError> {
    let target = || signing_keys::table.find((tenant.to_string(), id.to_string()));
    let signs = || target().filter(signing_keys::retired_at.is_null().or(signing_keys::retired_at.gt(at.millis())));
    erasing!(conn, diesel::update(signs()).set(signing_keys::retired_at.eq(at.millis())))?;
    let rows = erasing!(conn, diesel::update(target()).set(signing_keys::withdrawn_at.eq(at.millis())))?;
    Ok(rows == 1)
}

/// Makes a key sign from the given time on, even if it was retired. Returns `false` if it does not exist.
pub fn sign_from(conn: &mut Connection, tenant: TenantId, id: SigningKeyId, at: Timestamp) -> Result<bool, DbError> {
    let target = || signing_keys::table.find((tenant.to_string(), id.to_string()));
    let changes = (signing_keys::signs_from.eq(at.millis()), signing_keys::retired_at.eq(None::<i64>));
    Ok(erasing!(conn, diesel::update(target()).set(changes))? == 1)
}

/// Condition: the key was retired or withdrawn before a time.
macro_rules! ended {
    ($before:expr) => {
        signing_keys::retired_at.lt($before.millis()).or(signing_keys::withdrawn_at.lt($before.millis()))
    };
}

/// Returns keys that were retired or withdrawn before a time and still have a private key. They are in the order of
/// their primary keys, so that nodes that destroy them at the same time do not deadlock.
pub fn list_ended(
    conn: &mut Connection,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<(TenantId, SigningKeyId)>, DbError> {
    let key = (signing_keys::tenant_id, signing_keys::id);
    let query = || {
        let with_private = signing_keys::table.filter(signing_keys::sealed_private_key.ne(Vec::<u8>::new()));
        with_private.filter(ended!(before)).order(key).limit(limit).select(key)
    };
    let rows: Vec<(String, String)> = on_engine!(conn, c, _Db => query().load(c))?;
    rows.iter().map(|(tenant, id)| Ok((row_convert::parse(tenant)?, row_convert::parse(id)?))).collect()
}

/// Destroys the private key if the key was retired or withdrawn before a time. Returns whether it was destroyed.
pub fn destroy_private(
    conn: &mut Connection,
    tenant: TenantId,
    id: SigningKeyId,
    before: Timestamp,
) -> Result<bool, DbError> {
    let key = || signing_keys::table.find((tenant.to_string(), id.to_string())).filter(ended!(before));
    // Another node may have destroyed the private key in the meantime.
    let target = || key().filter(signing_keys::sealed_private_key.ne(Vec::<u8>::new()));
    let rows = erasing!(conn, diesel::update(target()).set(signing_keys::sealed_private_key.eq(Vec::<u8>::new())))?;
    Ok(rows == 1)
}

/// Deletes a key. Returns `false` if it does not exist.
pub fn delete(conn: &mut Connection, tenant: TenantId, id: SigningKeyId) -> Result<bool, DbError> {
    let target = || signing_keys::table.find((tenant.to_string(), id.to_string()));
    Ok(erasing!(conn, diesel::delete(target()))? == 1)
}
