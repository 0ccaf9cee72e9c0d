//! Users of a tenant.

mod search;

use diesel::prelude::*;
use doorward_shared::{
    TenantId, Timestamp, UserId,
    page::{Order, Page, PageRequest},
};

pub use self::search::search;
use super::{Connection, DbError, on_engine, row_convert, schema::users, tenant_summaries, text_match::contains};
use crate::domain::User;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users, check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
pub(super) struct Row {
    tenant_id: String,
    id: String,
    external_id: String,
    name: String,
    display_name: String,
    icon: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for User {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: row_convert::parse(&row.tenant_id)?,
            id: row_convert::parse(&row.id)?,
            external_id: row.external_id,
            name: row.name,
            display_name: row.display_name,
            icon: row.icon,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
        })
    }
}

/// A user by Doorward's id.
///
/// # Errors
/// [`DbError`] of the database.
pub fn find(conn: &mut Connection, tenant: TenantId, id: UserId) -> Result<Option<User>, DbError> {
    let query = || users::table.find((tenant.to_string(), id.to_string()));
    on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?
        .map(User::try_from)
        .transpose()
}

/// A user by the tenant's own id.
///
/// # Errors
/// [`DbError`] of the database.
pub fn find_by_external(conn: &mut Connection, tenant: TenantId, external_id: &str) -> Result<Option<User>, DbError> {
    let query =
        || users::table.filter(users::tenant_id.eq(tenant.to_string())).filter(users::external_id.eq(external_id));
    on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?
        .map(User::try_from)
        .transpose()
}

/// Adds a user, or brings the names and the picture of the one with the same `external_id` up to date. Answers the
/// user as stored: with the id and the time of creation it had before.
///
/// # Errors
/// [`DbError::Orphan`] when the tenant is gone.
pub fn upsert(conn: &mut Connection, user: &User) -> Result<User, DbError> {
    if let Some(known) = find_by_external(conn, user.tenant_id, &user.external_id)?
        && (&known.name, &known.display_name, &known.icon) == (&user.name, &user.display_name, &user.icon)
    {
        return Ok(known);
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
    let changes = (
        users::name.eq(&row.name),
        users::display_name.eq(&row.display_name),
        users::icon.eq(&row.icon),
        users::updated_at.eq(row.updated_at),
    );
    on_engine!(conn, c, _Db => diesel::insert_into(users::table)
        .values(&row)
        .on_conflict((users::tenant_id, users::external_id))
        .do_update()
        .set(changes)
        .returning(Row::as_returning())
        .get_result(c))?
    .try_into()
}

/// Users whose id or a name contains a part.
macro_rules! parts {
    ($part:expr) => {
        contains(users::external_id, $part).or(contains(users::name, $part)).or(contains(users::display_name, $part))
    };
}
use parts;

/// Users in the order they were first seen; with `q`, those whose id or names contain it.
///
/// # Errors
/// [`DbError`] of the database.
pub fn page(
    conn: &mut Connection,
    tenant: TenantId,
    q: Option<&str>,
    order: Order,
    page: PageRequest,
) -> Result<Page<User>, DbError> {
    let key = tenant.to_string();
    let total = match q {
        Some(part) => {
            let query = || users::table.filter(users::tenant_id.eq(&key)).filter(parts!(part)).count();
            row_convert::total(on_engine!(conn, c, _Db => query().get_result(c))?)
        }
        None => tenant_summaries::counts(conn, tenant)?.users,
    };
    let rows = on_engine!(conn, c, Db => {
        let mut query = users::table.filter(users::tenant_id.eq(&key)).select(Row::as_select()).into_boxed::<Db>();
        if let Some(part) = q {
            query = query.filter(parts!(part));
        }
        query = match order {
            Order::Ascending => query.order((users::created_at.asc(), users::id.asc())),
            Order::Descending => query.order((users::created_at.desc(), users::id.desc())),
        };
        query.limit(page.per_page.into()).offset(page.offset()).load::<Row>(c)?
    });
    Ok(Page { items: row_convert::all(rows)?, total })
}

/// Deletes a user with all credentials, challenges and transactions; `false` when there is none.
///
/// # Errors
/// [`DbError`] of the database.
pub fn delete(conn: &mut Connection, tenant: TenantId, id: UserId) -> Result<bool, DbError> {
    let target = || users::table.find((tenant.to_string(), id.to_string()));
    Ok(on_engine!(conn, c, _Db => diesel::delete(target()).execute(c))? == 1)
}
