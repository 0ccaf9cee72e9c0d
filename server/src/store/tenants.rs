//! Tenants and their configuration.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use doorward_shared::{
    TenantId, Timestamp,
    admin::TenantItem,
    config::TenantConfig,
    page::{Page, PageRequest},
};

use super::{
    Connection, DbError, audit, on_engine, row_convert,
    schema::{challenges, credentials, tenants, transactions, users},
    tenant_summaries,
};
use crate::domain::Tenant;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tenants, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: String,
    display_name: String,
    config: String,
    created_at: i64,
    updated_at: i64,
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
        })
    }
}

/// Adds a tenant.
///
/// # Errors
/// [`DbError::Duplicate`] if the id exists.
pub fn insert(conn: &mut Connection, tenant: &Tenant) -> Result<(), DbError> {
    let row = Row {
        id: tenant.id.to_string(),
        display_name: tenant.display_name.clone(),
        config: row_convert::to_json(&tenant.config)?,
        created_at: tenant.created_at.millis(),
        updated_at: tenant.updated_at.millis(),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(tenants::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "tenants")?;
    tenant_summaries::insert(conn, tenant)
}

pub fn find(conn: &mut Connection, id: TenantId) -> Result<Option<Tenant>, DbError> {
    let query = || tenants::table.find(id.to_string());
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Returns a page of tenants, oldest first. With `search`, returns only tenants whose name or id contains it.
pub fn list(conn: &mut Connection, search: Option<&str>, page: PageRequest) -> Result<Page<TenantItem>, DbError> {
    let (ids, total) = tenant_summaries::numbered_page(conn, search, page)?;
    let mut names = names(conn, &ids.iter().copied().collect())?;
    let items = ids.into_iter().filter_map(|id| names.remove(&id).map(|display_name| TenantItem { id, display_name }));
    Ok(Page { items: items.collect(), total })
}

/// Returns the names of these tenants, without unknown tenants.
pub fn names(conn: &mut Connection, ids: &BTreeSet<TenantId>) -> Result<BTreeMap<TenantId, String>, DbError> {
    let keys: Vec<String> = ids.iter().map(TenantId::to_string).collect();
    let query = || tenants::table.filter(tenants::id.eq_any(&keys)).select((tenants::id, tenants::display_name));
    let rows: Vec<(String, String)> = on_engine!(conn, c, _Db => query().load(c))?;
    rows.into_iter().map(|(id, name)| Ok((row_convert::parse(&id)?, name))).collect()
}

/// Locks a tenant's row until the end of the unit of work, so that administrative changes of one tenant run one after
/// another. Does nothing on SQLite, because it has only one writer.
pub fn lock(conn: &mut Connection, id: TenantId) -> Result<(), DbError> {
    if let Connection::Postgres(conn) = conn {
        let row = tenants::table.find(id.to_string()).select(tenants::id);
        row.for_no_key_update().first::<String>(conn).optional()?;
    }
    Ok(())
}

/// Returns all tenants, oldest first.
pub fn all(conn: &mut Connection) -> Result<Vec<Tenant>, DbError> {
    let query = || tenants::table.order((tenants::created_at.asc(), tenants::id.asc()));
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Renames a tenant. Returns `false` if it does not exist.
pub fn rename(conn: &mut Connection, id: TenantId, name: &str, now: Timestamp) -> Result<bool, DbError> {
    let rows = on_engine!(conn, c, _Db => diesel::update(tenants::table.find(id.to_string()))
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
    let config = row_convert::to_json(config)?;
    let rows = on_engine!(conn, c, _Db => diesel::update(tenants::table.find(id.to_string()))
        .set((tenants::config.eq(&config), tenants::updated_at.eq(now.millis())))
        .execute(c))?;
    Ok(rows == 1)
}

/// Deletes a tenant with all its rows. A job deletes the rest of a long audit log. Returns `false` if it is unknown.
pub fn delete(conn: &mut Connection, id: TenantId) -> Result<bool, DbError> {
    let key = id.to_string();
    // The order is the lock order of all units (see ARCHITECTURE.md). Other rows are deleted by ON DELETE CASCADE.
    on_engine!(conn, c, _Db => {
        diesel::delete(challenges::table.filter(challenges::tenant_id.eq(&key))).execute(c)?;
        diesel::delete(credentials::table.filter(credentials::tenant_id.eq(&key))).execute(c)?;
        diesel::delete(transactions::table.filter(transactions::tenant_id.eq(&key))).execute(c)?;
        diesel::delete(users::table.filter(users::tenant_id.eq(&key))).execute(c)?;
    });
    let rows = on_engine!(conn, c, _Db => diesel::delete(tenants::table.find(&key)).execute(c))?;
    if rows == 0 {
        // The installation's own log is stored under the nil id. No tenant has this id, so the log is not deleted here.
        return Ok(false);
    }
    audit::delete_log(conn, id)?;
    Ok(true)
}
