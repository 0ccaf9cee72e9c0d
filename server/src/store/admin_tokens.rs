//! Admin tokens. Revoked tokens stay in the table, but [`find`] and [`list`] do not return them.

use diesel::prelude::*;
use doorward_shared::{AdminTokenId, TenantId, Timestamp, admin::Role};

use super::{Connection, DbError, on_engine, row_convert, schema::admin_tokens};
use crate::domain::{AdminToken, SecretHash};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = admin_tokens, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    id: String,
    name: String,
    role: String,
    hint: String,
    secret_hash: String,
    tenants: Option<String>,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl TryFrom<Row> for AdminToken {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row_convert::parse(&row.id)?,
            name: row.name,
            role: row_convert::parse(&row.role)?,
            tenants: row.tenants.map(|tenants| row_convert::from_json(&tenants)).transpose()?,
            hint: row.hint,
            hash: SecretHash::new(row.secret_hash),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: row_convert::time(row.expires_at),
            last_used_at: row_convert::time(row.last_used_at),
        })
    }
}

/// Adds a token.
///
/// # Errors
/// [`DbError::Duplicate`] if the id exists, or if an unrevoked token has this name.
pub fn insert(conn: &mut Connection, token: &AdminToken) -> Result<(), DbError> {
    let row = Row {
        id: token.id.to_string(),
        name: token.name.clone(),
        role: token.role.as_str().to_owned(),
        hint: token.hint.clone(),
        secret_hash: token.hash.expose().to_owned(),
        tenants: token.tenants.as_ref().map(row_convert::to_json).transpose()?,
        created_at: token.created_at.millis(),
        expires_at: row_convert::millis(token.expires_at),
        last_used_at: row_convert::millis(token.last_used_at),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(admin_tokens::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "admin_tokens")
}

/// Returns all unrevoked tokens, oldest first.
pub fn list(conn: &mut Connection) -> Result<Vec<AdminToken>, DbError> {
    let query = || {
        admin_tokens::table
            .filter(admin_tokens::revoked_at.is_null())
            .order((admin_tokens::created_at.asc(), admin_tokens::id.asc()))
    };
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

pub fn find(conn: &mut Connection, id: AdminTokenId) -> Result<Option<AdminToken>, DbError> {
    let query = || admin_tokens::table.find(id.to_string()).filter(admin_tokens::revoked_at.is_null());
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Locks the unrevoked tokens with the role `admin` until the end of the unit of work. Does nothing on SQLite, where
/// only one write runs at a time.
pub fn lock_administrators(conn: &mut Connection) -> Result<(), DbError> {
    let role = Role::Admin.as_str();
    let target = || admin_tokens::table.filter(admin_tokens::revoked_at.is_null()).filter(admin_tokens::role.eq(role));
    on_engine!(conn, c, _Db => diesel::update(target()).set(admin_tokens::role.eq(role)).execute(c))?;
    Ok(())
}

/// Revokes a token and returns it; `None` if it does not exist or is already revoked.
pub fn revoke(conn: &mut Connection, id: AdminTokenId, now: Timestamp) -> Result<Option<AdminToken>, DbError> {
    let target = || admin_tokens::table.find(id.to_string()).filter(admin_tokens::revoked_at.is_null());
    on_engine!(conn, c, _Db => diesel::update(target())
        .set(admin_tokens::revoked_at.eq(now.millis()))
        .returning(Row::as_returning())
        .get_result(c)
        .optional())?
    .map(AdminToken::try_from)
    .transpose()
}

/// Removes a tenant from the tokens that are limited to several tenants, and revokes the tokens that are limited to
/// this tenant alone. Returns the revoked tokens.
pub fn remove_tenant(conn: &mut Connection, tenant: TenantId, now: Timestamp) -> Result<Vec<AdminToken>, DbError> {
    // The column contains a JSON array of ids, which contain no character with a special meaning in LIKE.
    let pattern = format!("%\"{tenant}\"%");
    let query = || {
        admin_tokens::table
            .filter(admin_tokens::revoked_at.is_null())
            .filter(admin_tokens::tenants.like(&pattern))
            .order(admin_tokens::id.asc())
    };
    let tokens: Vec<AdminToken> =
        row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)?;
    let mut revoked = Vec::new();
    for token in tokens {
        let mut rest = token.tenants.unwrap_or_default();
        rest.remove(&tenant);
        if rest.is_empty() {
            revoked.extend(revoke(conn, token.id, now)?);
            continue;
        }
        let rest = row_convert::to_json(&rest)?;
        let target = || admin_tokens::table.find(token.id.to_string());
        on_engine!(conn, c, _Db => diesel::update(target()).set(admin_tokens::tenants.eq(&rest)).execute(c))?;
    }
    Ok(revoked)
}

/// Stores the time of a token's latest use, unless a later time is stored.
pub fn record_use(conn: &mut Connection, id: AdminTokenId, at: Timestamp) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => diesel::update(admin_tokens::table.find(id.to_string()))
        .filter(admin_tokens::last_used_at.is_null().or(admin_tokens::last_used_at.lt(at.millis())))
        .set(admin_tokens::last_used_at.eq(at.millis()))
        .execute(c))?;
    Ok(())
}
