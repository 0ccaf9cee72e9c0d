//! Users of a tenant.

mod row;
mod search;

use diesel::prelude::*;
use doorward_shared::{
    TenantId, UserId,
    page::{Order, Page, PageRequest},
};

pub(super) use self::row::Row;
use self::search::id_or_name_contains;
pub use self::search::search;
use super::{
    Connection, DbError, on_engine, row_convert,
    schema::{challenges, credentials, transactions, users},
    tenant_summaries::{self, Count},
};
use crate::domain::User;

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

/// Returns a numbered page of users, by creation time. With `q`, returns only users whose id or name contains it.
pub fn page(
    conn: &mut Connection,
    tenant: TenantId,
    q: Option<&str>,
    order: Order,
    page: PageRequest,
) -> Result<Page<User>, DbError> {
    let key = tenant.to_string();
    let total = match q {
        Some(text) => {
            let query = || users::table.filter(users::tenant_id.eq(&key)).filter(id_or_name_contains!(text)).count();
            row_convert::total(on_engine!(conn, c, _Db => query().get_result(c))?)
        }
        None => tenant_summaries::counts(conn, tenant)?.users,
    };
    let rows = on_engine!(conn, c, Db => {
        let mut query = users::table.filter(users::tenant_id.eq(&key)).select(Row::as_select()).into_boxed::<Db>();
        if let Some(text) = q {
            query = query.filter(id_or_name_contains!(text));
        }
        query = match order {
            Order::Ascending => query.order((users::created_at.asc(), users::id.asc())),
            Order::Descending => query.order((users::created_at.desc(), users::id.desc())),
        };
        query.limit(page.per_page.into()).offset(page.offset()).load::<Row>(c)?
    });
    Ok(Page { items: row_convert::all(rows)?, total })
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
