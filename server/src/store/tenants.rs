//! Tenants and their configuration.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use doorward_shared::{TenantId, Timestamp, admin::TenantItem, config::TenantConfig};

use super::{
    Connection, DbError, on_engine, row_convert,
    schema::tenants,
    state::{StateChange, set_state},
    tenant_summaries,
};
use crate::{
    db::cached_sql::CachedSql,
    domain::{
        Tenant,
        list::{NumberedPage, PageQuery},
    },
};

/// Maximum number of tenants whose names one query returns, because the number of parameters of a query is limited.
const NAMES_PER_QUERY: usize = 500;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tenants, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: String,
    display_name: String,
    config: String,
    created_at: i64,
    updated_at: i64,
    disabled_at: Option<i64>,
}

impl TryFrom<Row> for Tenant {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row_convert::parse(&row.id)?,
            display_name: row.display_name,
            config: row_convert::from_json(&row.config)?,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            disabled_at: row_convert::time(row.disabled_at),
        })
    }
}

/// Tenants that are not marked as deleted.
#[diesel::dsl::auto_type]
fn existing() -> _ {
    tenants::table.filter(tenants::deleted_at.is_null())
}

/// Adds a tenant.
///
/// # Errors
/// [`DbError::Duplicate`] if the id exists, even if its tenant is marked as deleted.
pub fn insert(conn: &mut Connection, tenant: &Tenant) -> Result<(), DbError> {
    let row = Row {
        id: tenant.id.to_string(),
        display_name: tenant.display_name.clone(),
        config: row_convert::to_json(&tenant.config)?,
        created_at: tenant.created_at.millis(),
        updated_at: tenant.updated_at.millis(),
        disabled_at: row_convert::millis(tenant.disabled_at),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(tenants::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "tenants")?;
    tenant_summaries::insert(conn, tenant)
}

pub fn find(conn: &mut Connection, id: TenantId) -> Result<Option<Tenant>, DbError> {
    let query = || existing().filter(tenants::id.eq(id.to_string()));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Returns a page of tenants, by creation time. With `search`, returns only tenants whose name, RP ID or id contains
/// this text, and examines at most [`crate::domain::list::NUMBERED_ROWS`] tenants.
pub fn list(
    conn: &mut Connection,
    search: Option<&str>,
    scope: Option<&BTreeSet<TenantId>>,
    query: &PageQuery,
) -> Result<NumberedPage<TenantItem>, DbError> {
    let page = tenant_summaries::numbered_page(conn, search, scope, query)?;
    let keys: Vec<String> = page.items.iter().map(TenantId::to_string).collect();
    let columns = (tenants::id, tenants::display_name, tenants::disabled_at);
    let query = || existing().filter(tenants::id.eq_any(&keys)).select(columns);
    let rows: Vec<(String, String, Option<i64>)> = on_engine!(conn, c, _Db => query().load(c))?;
    let mut found = BTreeMap::new();
    for (id, display_name, disabled_at) in rows {
        let id = row_convert::parse(&id)?;
        found.insert(id, TenantItem { id, display_name, disabled_at: row_convert::time(disabled_at) });
    }
    let unknown = |id| TenantItem { id, display_name: String::new(), disabled_at: None };
    Ok(page.map(|id| found.remove(&id).unwrap_or_else(|| unknown(id))))
}

/// Returns the names of the tenants with these ids. Unknown and deleted tenants are missing from the result.
pub fn names(conn: &mut Connection, ids: &BTreeSet<TenantId>) -> Result<BTreeMap<TenantId, String>, DbError> {
    let keys: Vec<String> = ids.iter().map(TenantId::to_string).collect();
    let mut names = BTreeMap::new();
    for keys in keys.chunks(NAMES_PER_QUERY) {
        let query = || existing().filter(tenants::id.eq_any(keys)).select((tenants::id, tenants::display_name));
        let rows: Vec<(String, String)> = on_engine!(conn, c, _Db => query().load(c))?;
        for (id, name) in rows {
            names.insert(row_convert::parse(&id)?, name);
        }
    }
    Ok(names)
}

/// Locks a tenant's row until the end of the unit of work, so that administrative changes of one tenant run one after
/// another. Does nothing on SQLite, which has only one writer.
pub fn lock(conn: &mut Connection, id: TenantId) -> Result<(), DbError> {
    if let Connection::Postgres(conn, _) = conn {
        let row = tenants::table.find(id.to_string()).select(tenants::id);
        row.for_no_key_update().first::<String>(conn).optional()?;
    }
    Ok(())
}

/// Returns all tenants, oldest first.
pub fn all(conn: &mut Connection) -> Result<Vec<Tenant>, DbError> {
    let query = || existing().order((tenants::created_at.asc(), tenants::id.asc()));
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Renames a tenant. Returns `false` if it does not exist.
pub fn rename(conn: &mut Connection, id: TenantId, name: &str, now: Timestamp) -> Result<bool, DbError> {
    let rows = on_engine!(conn, c, _Db => diesel::update(existing().filter(tenants::id.eq(id.to_string())))
        .set((tenants::display_name.eq(name), tenants::updated_at.eq(now.millis())))
        .execute(c))?;
    tenant_summaries::rename(conn, id, name)?;
    Ok(rows == 1)
}

/// Replaces a tenant's configuration. Returns `false` if the tenant does not exist.
pub fn update_config(
    conn: &mut Connection,
    id: TenantId,
    config: &TenantConfig,
    now: Timestamp,
) -> Result<bool, DbError> {
    let json = row_convert::to_json(config)?;
    let rows = on_engine!(conn, c, _Db => diesel::update(existing().filter(tenants::id.eq(id.to_string())))
        .set((tenants::config.eq(&json), tenants::updated_at.eq(now.millis())))
        .execute(c))?;
    tenant_summaries::configure(conn, id, config)?;
    Ok(rows == 1)
}

/// Disables or enables the tenant. Returns the new version of the state; `None` if nothing changed.
pub fn set_disabled(conn: &mut Connection, id: TenantId, change: &StateChange) -> Result<Option<i64>, DbError> {
    let target = || existing().filter(tenants::id.eq(id.to_string()));
    Ok(set_state!(conn, tenants, target, change))
}

/// Marks a tenant as deleted. From then on, only [`deleted`] and [`remove_some`] find the tenant. Returns `false` if
/// the tenant does not exist.
pub fn mark_deleted(conn: &mut Connection, id: TenantId, now: Timestamp) -> Result<bool, DbError> {
    let rows = on_engine!(conn, c, _Db => diesel::update(existing().filter(tenants::id.eq(id.to_string())))
        .set(tenants::deleted_at.eq(now.millis()))
        .execute(c))?;
    tenant_summaries::delete(conn, id)?;
    Ok(rows == 1)
}

/// Returns at most `limit` tenants that are marked as deleted.
pub fn deleted(conn: &mut Connection, limit: i64) -> Result<Vec<TenantId>, DbError> {
    let query = || tenants::table.filter(tenants::deleted_at.is_not_null()).select(tenants::id).limit(limit);
    let ids: Vec<String> = on_engine!(conn, c, _Db => query().load(c))?;
    ids.iter().map(|id| row_convert::parse(id)).collect()
}

/// Statements that delete a tenant's data, in the order of execution: rows before the rows to which they refer.
const DELETIONS: [&str; 7] = [
    "DELETE FROM challenges WHERE tenant_id = ? \
     AND value IN (SELECT value FROM challenges WHERE tenant_id = ? ORDER BY value LIMIT ?)",
    "DELETE FROM redeemed_tokens WHERE tenant_id = ? \
     AND jti IN (SELECT jti FROM redeemed_tokens WHERE tenant_id = ? ORDER BY jti LIMIT ?)",
    "DELETE FROM transactions WHERE tenant_id = ? \
     AND id IN (SELECT id FROM transactions WHERE tenant_id = ? ORDER BY id LIMIT ?)",
    "DELETE FROM credentials WHERE tenant_id = ? \
     AND id IN (SELECT id FROM credentials WHERE tenant_id = ? ORDER BY id LIMIT ?)",
    "DELETE FROM users WHERE tenant_id = ? AND id IN (SELECT id FROM users WHERE tenant_id = ? ORDER BY id LIMIT ?)",
    "DELETE FROM api_keys WHERE tenant_id = ? \
     AND id IN (SELECT id FROM api_keys WHERE tenant_id = ? ORDER BY id LIMIT ?)",
    "DELETE FROM signing_keys WHERE tenant_id = ? \
     AND id IN (SELECT id FROM signing_keys WHERE tenant_id = ? ORDER BY id LIMIT ?)",
];

/// Deletes at most `limit` rows of a tenant that is marked as deleted, and the tenant itself when no other row is left.
/// The audit log stays. Returns whether there may be more to delete.
pub fn remove_some(conn: &mut Connection, id: TenantId, limit: i64) -> Result<bool, DbError> {
    let key = id.to_string();
    // Another node may run the same job. Without the row lock, that node could select the rows that this unit is
    // deleting. After the commit of this unit, that node would delete none of them, and conclude that the table is
    // empty although more rows are left.
    if let Connection::Postgres(c, _) = conn {
        let marked = tenants::table.find(&key).filter(tenants::deleted_at.is_not_null()).select(tenants::id);
        if marked.for_update().skip_locked().first::<String>(c).optional()?.is_none() {
            return Ok(false);
        }
    }
    for delete in DELETIONS {
        // Each unit deletes rows of only one table. Otherwise the unit could deadlock with a ceremony that locks rows
        // of several tables.
        let delete = CachedSql::<()>::new(delete).bind(&key).bind(&key).bind(limit);
        if on_engine!(conn, c, _Db => delete.execute(c))? > 0 {
            return Ok(true);
        }
    }
    let marked = || tenants::table.find(&key).filter(tenants::deleted_at.is_not_null());
    on_engine!(conn, c, _Db => diesel::delete(marked()).execute(c))?;
    Ok(false)
}
