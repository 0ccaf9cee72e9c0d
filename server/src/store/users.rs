//! Users of a tenant.

mod row;
mod search;

use diesel::prelude::*;
use doorward_shared::{TenantId, UserId, page::Order};

pub(super) use self::row::Row;
use self::search::id_or_name_contains;
pub use self::search::search;
use super::{
    Connection, DbError,
    bounded_search::{down_to, in_order, newest_first, up_to},
    on_engine, row_convert,
    schema::{challenges, credentials, transactions, users},
    tenant_summaries::{self, Count},
};
use crate::domain::{
    User,
    audit::Total,
    list::{Cursor, NUMBERED_ROWS, NumberedPage, PageQuery, SortKey},
};

/// Finds a user by Doorward's id.
pub fn find(conn: &mut Connection, tenant: TenantId, id: UserId) -> Result<Option<User>, DbError> {
    let query = || users::table.find((tenant.to_string(), id.to_string()));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Finds a user by the tenant's own id.
pub fn find_by_external(conn: &mut Connection, tenant: TenantId, external_id: &str) -> Result<Option<User>, DbError> {
    let query =
        || users::table.filter(users::tenant_id.eq(tenant.to_string())).filter(users::external_id.eq(external_id));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Adds a user, or updates the names and icon of the user with the same `external_id`. Returns the stored user. An
/// update does not change the id and creation time.
///
/// # Errors
/// [`DbError::Orphan`] if the tenant does not exist.
pub fn upsert(conn: &mut Connection, user: &User) -> Result<User, DbError> {
    if let Some(stored) = find_by_external(conn, user.tenant_id, &user.external_id)? {
        if (&stored.name, &stored.display_name, &stored.icon) == (&user.name, &user.display_name, &user.icon) {
            return Ok(stored);
        }
        return update(conn, user);
    }
    let row = Row {
        tenant_id: user.tenant_id.to_string(),
        id: user.id.to_string(),
        external_id: user.external_id.clone(),
        name: user.name.clone(),
        display_name: user.display_name.clone(),
        icon: user.icon.clone(),
        created_at: user.created_at.millis(),
        updated_at: user.updated_at.millis(),
    };
    let inserted = on_engine!(conn, c, _Db => diesel::insert_into(users::table)
        .values(&row)
        .on_conflict((users::tenant_id, users::external_id))
        .do_nothing()
        .execute(c))?;
    if inserted == 0 {
        // Another unit of work added this user after `find_by_external`.
        return update(conn, user);
    }
    tenant_summaries::add(conn, user.tenant_id, Count::Users, 1)?;
    Ok(user.clone())
}

fn update(conn: &mut Connection, user: &User) -> Result<User, DbError> {
    let target = || {
        users::table
            .filter(users::tenant_id.eq(user.tenant_id.to_string()))
            .filter(users::external_id.eq(&user.external_id))
    };
    let changes = (
        users::name.eq(&user.name),
        users::display_name.eq(&user.display_name),
        users::icon.eq(&user.icon),
        users::updated_at.eq(user.updated_at.millis()),
    );
    on_engine!(conn, c, _Db => diesel::update(target())
        .set(changes)
        .returning(Row::as_returning())
        .get_result(c)
        .optional())?
    .ok_or_else(|| DbError::Unavailable("the user was deleted at the same time".to_owned()))?
    .try_into()
}

/// Returns a page of users, by creation time. With `q`, returns only users whose id or name contains it, and examines
/// [`NUMBERED_ROWS`] users.
pub fn page(
    conn: &mut Connection,
    tenant: TenantId,
    q: Option<&str>,
    query: &PageQuery,
) -> Result<NumberedPage<User>, DbError> {
    let key = tenant.to_string();
    let (order, after) = (query.order, query.after.as_ref());
    let (total, end) = match q {
        None => (Total::Exact(tenant_summaries::counts(conn, tenant)?.users), None),
        Some(text) => {
            let end: Option<(i64, String)> = on_engine!(conn, c, Db => {
                let rows = users::table.filter(users::tenant_id.eq(&key)).into_boxed::<Db>();
                in_order!(rows, users, order, after)
                    .select((users::created_at, users::id))
                    .offset(NUMBERED_ROWS - 1)
                    .first(c)
                    .optional()
            })?;
            let end = end.map(|(at, id)| Cursor { key: SortKey::Number(at), id });
            let count: i64 = on_engine!(conn, c, Db => {
                let rows = users::table.filter(users::tenant_id.eq(&key)).filter(id_or_name_contains!(text));
                // The order of the rows does not matter here, but the end is their last row in this order.
                let rows = up_to!(rows.into_boxed::<Db>(), users, order, end.as_ref());
                match after {
                    None => rows.count().get_result(c),
                    Some(_) => Ok(0),
                }
            })?;
            let count = row_convert::total(count);
            (if end.is_some() { Total::AtLeast(count) } else { Total::Exact(count) }, end)
        }
    };
    let rows: Vec<Row> = on_engine!(conn, c, Db => {
        let rows = users::table.filter(users::tenant_id.eq(&key)).into_boxed::<Db>();
        let mut rows = up_to!(in_order!(rows, users, order, after), users, order, end.as_ref());
        if let Some(text) = q {
            rows = rows.filter(id_or_name_contains!(text));
        }
        rows.select(Row::as_select()).limit(i64::from(query.page.per_page) + 1).offset(query.offset()).load(c)
    })?;
    NumberedPage::new(rows, query, total, end, Row::cursor).try_map(User::try_from)
}

/// Deletes a user with all credentials, challenges and transactions. Returns `false` if the user does not exist.
pub fn delete(conn: &mut Connection, tenant: TenantId, id: UserId) -> Result<bool, DbError> {
    let (tenant_key, key) = (tenant.to_string(), id.to_string());
    // Unlike a cascade, these deletes count the rows and follow the lock order of all units (see ARCHITECTURE.md).
    let of_user =
        || challenges::table.filter(challenges::tenant_id.eq(&tenant_key)).filter(challenges::user_id.eq(&key));
    on_engine!(conn, c, _Db => diesel::delete(of_user()).execute(c))?;
    let user = || users::table.find((&tenant_key, &key));
    // On PostgreSQL the row is locked, so that no other unit can add a credential of this user.
    if let Connection::Postgres(c) = conn
        && user().select(users::id).for_update().first::<String>(c).optional()?.is_none()
    {
        return Ok(false);
    }
    let of_user =
        || credentials::table.filter(credentials::tenant_id.eq(&tenant_key)).filter(credentials::user_id.eq(&key));
    let credentials = on_engine!(conn, c, _Db => diesel::delete(of_user()).execute(c))?;
    let of_user =
        || transactions::table.filter(transactions::tenant_id.eq(&tenant_key)).filter(transactions::user_id.eq(&key));
    on_engine!(conn, c, _Db => diesel::delete(of_user()).execute(c))?;
    if on_engine!(conn, c, _Db => diesel::delete(user()).execute(c))? == 0 {
        return Ok(false);
    }
    tenant_summaries::add(conn, tenant, Count::Users, -1)?;
    if credentials > 0 {
        tenant_summaries::add(conn, tenant, Count::Credentials, -(credentials as i64))?;
    }
    Ok(true)
}
