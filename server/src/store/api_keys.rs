//! API keys. Revoked keys stay in the table, but [`find`] and [`list`] do not return them.

use diesel::prelude::*;
use doorward_shared::{ApiKeyId, TenantId, Timestamp};

use super::{
    Connection, DbError, on_engine, row_convert,
    schema::api_keys,
    state::{StateChange, set_state},
    tenant_summaries::{self, Count},
};
use crate::domain::{ApiKey, ImportOutcome, SecretDigest, SecretHash};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    tenant_id: String,
    id: String,
    name: String,
    hint: String,
    secret_hash: String,
    secret_digest: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    disabled_at: Option<i64>,
}

impl TryFrom<Row> for ApiKey {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: row_convert::parse(&row.tenant_id)?,
            id: row_convert::parse(&row.id)?,
            name: row.name,
            hint: row.hint,
            hash: SecretHash::new(row.secret_hash),
            digest: row.secret_digest.map(SecretDigest::new),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: row_convert::time(row.expires_at),
            last_used_at: row_convert::time(row.last_used_at),
            disabled_at: row_convert::time(row.disabled_at),
        })
    }
}

/// Adds a key.
///
/// # Errors
/// [`DbError::Duplicate`] if the id or the digest exists, [`DbError::Orphan`] if the tenant does not exist.
pub fn insert(conn: &mut Connection, key: &ApiKey) -> Result<(), DbError> {
    let row = Row {
        tenant_id: key.tenant_id.to_string(),
        id: key.id.to_string(),
        name: key.name.clone(),
        hint: key.hint.clone(),
        secret_hash: key.hash.expose().to_owned(),
        secret_digest: key.digest.as_ref().map(|digest| digest.expose().to_owned()),
        created_at: key.created_at.millis(),
        expires_at: row_convert::millis(key.expires_at),
        last_used_at: row_convert::millis(key.last_used_at),
        disabled_at: row_convert::millis(key.disabled_at),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(api_keys::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "api_keys")?;
    tenant_summaries::add(conn, key.tenant_id, Count::ApiKeys, 1)
}

/// Returns a tenant's unrevoked keys, oldest first.
pub fn list(conn: &mut Connection, tenant: TenantId) -> Result<Vec<ApiKey>, DbError> {
    let query = || {
        api_keys::table
            .filter(api_keys::tenant_id.eq(tenant.to_string()))
            .filter(api_keys::revoked_at.is_null())
            .order((api_keys::created_at.asc(), api_keys::id.asc()))
    };
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Adds a key from another system. If a key with this id is stored, even a revoked one, adds nothing. If the stored key
/// is not revoked and has a different digest, the digest key was replaced since the last import. In this case, stores
/// the new hash and digest.
pub fn import(conn: &mut Connection, key: &ApiKey) -> Result<ImportOutcome, DbError> {
    let row = || api_keys::table.find((key.tenant_id.to_string(), key.id.to_string()));
    let columns = (api_keys::secret_digest, api_keys::revoked_at);
    let stored: Option<(Option<String>, Option<i64>)> =
        on_engine!(conn, c, _Db => row().select(columns).first(c).optional())?;
    let Some((digest, revoked_at)) = stored else { return insert(conn, key).map(|()| ImportOutcome::Added) };
    let new = key.digest.as_ref().map(SecretDigest::expose);
    if revoked_at.is_some() || digest.is_none() || digest.as_deref() == new {
        return Ok(ImportOutcome::Unchanged);
    }
    let changes = (api_keys::secret_hash.eq(key.hash.expose()), api_keys::secret_digest.eq(new));
    on_engine!(conn, c, _Db => diesel::update(row()).set(changes).execute(c))?;
    Ok(ImportOutcome::Updated)
}

pub fn find(conn: &mut Connection, tenant: TenantId, id: ApiKeyId) -> Result<Option<ApiKey>, DbError> {
    let query = || api_keys::table.find((tenant.to_string(), id.to_string())).filter(api_keys::revoked_at.is_null());
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Disables or enables an unrevoked key. Returns the new version of its state; `None` if nothing changed.
pub fn set_disabled(
    conn: &mut Connection,
    tenant: TenantId,
    id: ApiKeyId,
    change: &StateChange,
) -> Result<Option<i64>, DbError> {
    let target = || api_keys::table.find((tenant.to_string(), id.to_string())).filter(api_keys::revoked_at.is_null());
    Ok(set_state!(conn, api_keys, target, change))
}

/// Revokes a key and returns it; `None` if it does not exist or is already revoked.
pub fn revoke(
    conn: &mut Connection,
    tenant: TenantId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<Option<ApiKey>, DbError> {
    let target = || api_keys::table.find((tenant.to_string(), id.to_string())).filter(api_keys::revoked_at.is_null());
    let revoked = on_engine!(conn, c, _Db => diesel::update(target())
        .set(api_keys::revoked_at.eq(now.millis()))
        .returning(Row::as_returning())
        .get_result(c)
        .optional())?;
    if revoked.is_some() {
        tenant_summaries::add(conn, tenant, Count::ApiKeys, -1)?;
    }
    revoked.map(ApiKey::try_from).transpose()
}

/// Stores the time of a key's latest use, unless a later time is stored.
pub fn record_use(conn: &mut Connection, tenant: TenantId, id: ApiKeyId, at: Timestamp) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => diesel::update(api_keys::table.find((tenant.to_string(), id.to_string())))
        .filter(api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at.millis())))
        .set(api_keys::last_used_at.eq(at.millis()))
        .execute(c))?;
    Ok(())
}
