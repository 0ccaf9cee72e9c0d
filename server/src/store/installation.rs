//! Named values of an installation.

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Bool},
};
use doorward_shared::TenantId;

use super::{Connection, DbError, Engine, on_engine, row_convert, schema::installation};
use crate::db::cached_sql::CachedSql;

/// Name under which the check text (a fixed text) is stored, encrypted with the master key. A key that decrypts it is
/// the master key of the installation.
pub const SEALED_WORD: &str = "master_key_check";

/// Name under which the check text is stored, encrypted with the new master key. It is stored only during a rotation of
/// the master key.
pub const ROTATION: &str = "master_key_rotation";
/// Name under which the digest key of imported API keys is stored, encrypted with the master key.
pub const SEALED_DIGEST_KEY: &str = "api_key_digest_key";

/// Returns the name under which the state of a tenant's import is stored.
pub fn import_state(tenant: TenantId) -> String {
    format!("import/{tenant}")
}

/// Returns whether the table `installation` exists. A database whose schema was never migrated does not have it.
pub fn table_exists(conn: &mut Connection) -> Result<bool, DbError> {
    let expression = match conn.engine() {
        Engine::Sqlite => "EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'installation')",
        Engine::Postgres => "to_regclass('installation') IS NOT NULL",
    };
    let query = || diesel::select(sql::<Bool>(expression));
    Ok(on_engine!(conn, c, _Db => query().get_result(c))?)
}

pub fn get(conn: &mut Connection, name: &str) -> Result<Option<String>, DbError> {
    let query = || installation::table.find(name).select(installation::value);
    Ok(on_engine!(conn, c, _Db => query().get_result(c).optional())?)
}

pub fn put(conn: &mut Connection, name: &str, value: &str) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => diesel::insert_into(installation::table)
        .values((installation::name.eq(name), installation::value.eq(value)))
        .on_conflict(installation::name)
        .do_update()
        .set(installation::value.eq(value))
        .execute(c))?;
    Ok(())
}

/// Sets a number, unless the same or a larger one is stored under this name. Returns whether it was set.
pub(super) fn raise(conn: &mut Connection, name: &str, number: i64) -> Result<bool, DbError> {
    let upsert = "INSERT INTO installation (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE \
                  SET value = excluded.value WHERE CAST(installation.value AS BIGINT) < CAST(excluded.value AS BIGINT)";
    let value = number.to_string();
    let query = CachedSql::<()>::new(upsert).bind(name).bind(&value);
    Ok(on_engine!(conn, c, _Db => query.execute(c))? == 1)
}

/// Sets a value, unless one is stored under this name. Returns the stored value.
pub fn put_if_absent(conn: &mut Connection, name: &str, value: &str) -> Result<String, DbError> {
    on_engine!(conn, c, _Db => diesel::insert_into(installation::table)
        .values((installation::name.eq(name), installation::value.eq(value)))
        .on_conflict_do_nothing()
        .execute(c))?;
    get(conn, name)?.ok_or_else(|| DbError::Unavailable("the value was deleted at the same time".to_owned()))
}

pub fn delete(conn: &mut Connection, name: &str) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => diesel::delete(installation::table.find(name)).execute(c))?;
    Ok(())
}

/// Returns the size of the database in bytes.
pub fn database_size(conn: &mut Connection) -> Result<u64, DbError> {
    let expression = match conn.engine() {
        Engine::Sqlite => "(SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())",
        Engine::Postgres => "pg_database_size(current_database())",
    };
    let query = || diesel::select(sql::<BigInt>(expression));
    Ok(row_convert::total(on_engine!(conn, c, _Db => query().get_result(c))?))
}
