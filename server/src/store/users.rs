//! Users of a tenant.

mod row;
mod search;

use diesel::prelude::*;
use doorward_shared::{TenantId, Timestamp, UserId, page::Order};

pub(super) use self::row::{Row, existing};
use self::search::id_or_name_contains;
pub use self::search::search;
use super::{
    Connection, DbError,
    bounded_search::{down_to, in_order, newest_first, up_to},
    on_engine, row_convert,
    schema::{credentials, users},
    state::{StateChange, set_state},
    tenant_summaries::{self, Count},
};
use crate::{
    db::cached_sql::CachedSql,
    domain::{
        ImportOutcome, ImportRule, User,
        audit::Total,
        list::{Cursor, NUMBERED_ROWS, NumberedPage, PageQuery, SortKey},
    },
};

/// Finds a user by the internal id.
pub fn find(conn: &mut Connection, tenant: TenantId, id: UserId) -> Result<Option<User>, DbError> {
    let (tenant, id) = (tenant.to_string(), id.to_string());
    let query = || existing(&tenant).filter(users::id.eq(&id));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Finds a user by the user id (`external_id`).
pub fn find_by_external(conn: &mut Connection, tenant: TenantId, external_id: &str) -> Result<Option<User>, DbError> {
    let tenant = tenant.to_string();
    let query = || existing(&tenant).filter(users::external_id.eq(external_id));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Adds a user, or updates the names and icon of the user with the same `external_id`. Returns the stored user. An
/// update changes neither the internal id nor the creation time.
///
/// # Errors
/// [`DbError::Orphan`] if the tenant does not exist.
pub fn upsert(conn: &mut Connection, user: &User) -> Result<User, DbError> {
    let (stored, is_new) = put(conn, user)?;
    if is_new {
        tenant_summaries::add(conn, user.tenant_id, Count::Users, 1)?;
    }
    Ok(stored)
}

/// Like [`upsert`], but leaves the count of users unchanged. Also returns whether the user was added.
fn put(conn: &mut Connection, user: &User) -> Result<(User, bool), DbError> {
    if let Some(stored) = find_by_external(conn, user.tenant_id, &user.external_id)? {
        if (&stored.name, &stored.display_name, &stored.icon) == (&user.name, &user.display_name, &user.icon) {
            return Ok((stored, false));
        }
        return Ok((update(conn, user)?, false));
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
        disabled_at: row_convert::millis(user.disabled_at),
    };
    let inserted = on_engine!(conn, c, _Db => diesel::insert_into(users::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 0 {
        // Another unit of work added this user after `find_by_external`.
        return Ok((update(conn, user)?, false));
    }
    Ok((user.clone(), true))
}

/// Adds a user from another system, or updates the names and icon of the user with the same `external_id`. The caller
/// must add the number of added users to the tenant's count.
///
/// # Errors
/// Those of [`upsert`].
pub fn import(conn: &mut Connection, user: &User, rule: ImportRule) -> Result<ImportOutcome, DbError> {
    let stored = find_by_external(conn, user.tenant_id, &user.external_id)?;
    let same = |stored: &User| {
        (&stored.name, &stored.display_name, &stored.icon) == (&user.name, &user.display_name, &user.icon)
    };
    match &stored {
        Some(stored) if same(stored) || !rule.update => return Ok(ImportOutcome::Unchanged),
        None if find(conn, user.tenant_id, user.id)?.is_some() => {
            return Ok(ImportOutcome::Refused("another user of the tenant has its internal id"));
        }
        None => {
            if let Some(refused) = rule.deleted_here(user.created_at) {
                return Ok(refused);
            }
        }
        Some(_) => {}
    }
    let (_, is_new) = put(conn, user)?;
    Ok(if is_new { ImportOutcome::Added } else { ImportOutcome::Updated })
}

/// Returns internal ids of users that were created at `until` or earlier: at most `limit` ids after `after`, in
/// ascending order.
pub fn ids_created_until(
    conn: &mut Connection,
    tenant: TenantId,
    until: Timestamp,
    after: UserId,
    limit: i64,
) -> Result<Vec<UserId>, DbError> {
    let key = tenant.to_string();
    let query = || {
        existing(&key)
            .filter(users::created_at.le(until.millis()))
            .filter(users::id.gt(after.to_string()))
            .order(users::id)
            .limit(limit)
            .select(users::id)
    };
    let ids: Vec<String> = on_engine!(conn, c, _Db => query().load(c))?;
    ids.iter().map(|id| row_convert::parse(id)).collect()
}

fn update(conn: &mut Connection, user: &User) -> Result<User, DbError> {
    let tenant = user.tenant_id.to_string();
    let target = || existing(&tenant).filter(users::external_id.eq(&user.external_id));
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

/// Disables or enables a user. Returns the new version of the state; `None` if nothing changed. Also changes the copy
/// of the state in the user's credentials. Because of row locks on PostgreSQL, a concurrent login or registration
/// either commits before this change, or waits and then sees the new state.
pub fn set_disabled(
    conn: &mut Connection,
    tenant: TenantId,
    id: UserId,
    change: &StateChange,
) -> Result<Option<i64>, DbError> {
    let (tenant, id, since) = (tenant.to_string(), id.to_string(), row_convert::millis(change.since));
    let user = || existing(&tenant).filter(users::id.eq(&id));
    let version = set_state!(conn, users, user, change);
    let owned = || credentials::table.filter(credentials::tenant_id.eq(&tenant)).filter(credentials::user_id.eq(&id));
    if version.is_some() {
        on_engine!(conn, c, _Db => diesel::update(owned()).set(credentials::user_disabled_at.eq(since)).execute(c))?;
    }
    Ok(version)
}

/// Returns a page of users, by creation time. With `q`, returns only users whose user id, name or display name contains
/// this text, and examines at most [`NUMBERED_ROWS`] users.
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
                let rows = existing(&key).into_boxed::<Db>();
                in_order!(rows, users, order, after)
                    .select((users::created_at, users::id))
                    .offset(NUMBERED_ROWS - 1)
                    .first(c)
                    .optional()
            })?;
            let end = end.map(|(at, id)| Cursor { key: SortKey::Number(at), id });
            let count: i64 = on_engine!(conn, c, Db => {
                let rows = existing(&key).filter(id_or_name_contains!(text));
                // Here the order only defines which rows come after `end`. These rows are not counted.
                let rows = up_to!(rows.into_boxed::<Db>(), users, id, order, end.as_ref());
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
        let rows = existing(&key).into_boxed::<Db>();
        let mut rows = up_to!(in_order!(rows, users, order, after), users, id, order, end.as_ref());
        if let Some(text) = q {
            rows = rows.filter(id_or_name_contains!(text));
        }
        rows.select(Row::as_select()).limit(i64::from(query.page.per_page) + 1).offset(query.offset()).load(c)
    })?;
    NumberedPage::new(rows, query, total, end, Row::cursor).try_map(User::try_from)
}

/// Returns the users with these ids, in any order.
pub fn with_ids(conn: &mut Connection, tenant: TenantId, ids: &[UserId]) -> Result<Vec<User>, DbError> {
    let (tenant, keys) = (tenant.to_string(), ids.iter().map(UserId::to_string).collect::<Vec<_>>());
    let query = || existing(&tenant).filter(users::id.eq_any(&keys));
    row_convert::all(on_engine!(conn, c, _Db => query().select(Row::as_select()).load(c))?)
}

/// Maximum number of credentials, and of transactions, that a request deletes in one unit of work.
pub const DELETED_AT_ONCE: i64 = 1_000;

/// Progress of [`delete`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// No such user exists.
    NotFound,
    /// The maximum number of credentials was deleted, so there may be more. The user still exists.
    Started,
    /// The credentials are deleted. The user is deleted or, if transactions may remain, marked as deleted: only
    /// [`remove_some`] finds a marked user, and deletes the remaining transactions.
    Done,
}

/// Deletes at most `limit` credentials of a user. If it deletes fewer, none is left. In this case, it also deletes at
/// most `limit` transactions, and then deletes the user or, if transactions may be left, marks the user as deleted.
pub fn delete(
    conn: &mut Connection,
    tenant: TenantId,
    id: UserId,
    now: Timestamp,
    limit: i64,
) -> Result<Deletion, DbError> {
    let (tenant_key, key) = (tenant.to_string(), id.to_string());
    let user = || existing(&tenant_key).filter(users::id.eq(&key));
    // On PostgreSQL the row is locked, so that no other unit can add a credential or transaction of this user.
    let found = match conn {
        Connection::Postgres(c, _) => user().select(users::id).for_update().first::<String>(c).optional()?,
        Connection::Sqlite(c) => user().select(users::id).first::<String>(c).optional()?,
    };
    if found.is_none() {
        return Ok(Deletion::NotFound);
    }
    let credentials = delete_some(conn, DELETE_CREDENTIALS, &tenant_key, &key, limit)?;
    let is_started = credentials == limit;
    if !is_started && delete_some(conn, DELETE_TRANSACTIONS, &tenant_key, &key, limit)? < limit {
        on_engine!(conn, c, _Db => diesel::delete(users::table.find((&tenant_key, &key))).execute(c))?;
    } else if !is_started {
        let row = || users::table.find((&tenant_key, &key));
        on_engine!(conn, c, _Db => diesel::update(row()).set(users::deleted_at.eq(now.millis())).execute(c))?;
    }
    if !is_started {
        tenant_summaries::add(conn, tenant, Count::Users, -1)?;
    }
    if credentials > 0 {
        tenant_summaries::add(conn, tenant, Count::Credentials, -credentials)?;
    }
    Ok(if is_started { Deletion::Started } else { Deletion::Done })
}

// Rows are selected in the order of the indexes by user, because any other order would scan all rows of the tenant.
const DELETE_CREDENTIALS: &str = "DELETE FROM credentials WHERE tenant_id = ? AND id IN \
    (SELECT id FROM credentials WHERE tenant_id = ? AND user_id = ? ORDER BY created_at, id LIMIT ?)";
const DELETE_TRANSACTIONS: &str = "DELETE FROM transactions WHERE tenant_id = ? AND id IN \
    (SELECT id FROM transactions WHERE tenant_id = ? AND user_id = ? ORDER BY created_at, id LIMIT ?)";

fn delete_some(
    conn: &mut Connection,
    delete: &'static str,
    tenant: &str,
    user: &str,
    limit: i64,
) -> Result<i64, DbError> {
    let delete = CachedSql::<()>::new(delete).bind(tenant).bind(tenant).bind(user).bind(limit);
    let rows = on_engine!(conn, c, _Db => delete.execute(c))?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// Maximum number of users marked as deleted that [`remove_some`] tries to lock, one after another, until it succeeds.
/// Other nodes may have locked the first ones.
const MARKED_AT_ONCE: i64 = 16;

/// Deletes at most `limit` transactions of a user that is marked as deleted, and the user when no transaction is left.
/// Returns whether there may be more to delete.
pub fn remove_some(conn: &mut Connection, limit: i64) -> Result<bool, DbError> {
    let marked = || users::table.filter(users::deleted_at.is_not_null()).select((users::tenant_id, users::id));
    let found: Vec<(String, String)> = on_engine!(conn, c, _Db => marked().limit(MARKED_AT_ONCE).load(c))?;
    // The row lock is necessary, because another node may run the same job. Without the lock, that node could select
    // the transactions that this unit is deleting. After the commit of this unit, it would delete none of them,
    // conclude that no transaction of the user is left, and delete the user. The foreign key would then delete all
    // remaining transactions at once. The locking statement contains the tenant id, because sharded engines can lock
    // rows of only one tenant.
    let mut locked = None;
    for (tenant, user) in found {
        if let Connection::Postgres(c, _) = conn {
            let row = marked().filter(users::tenant_id.eq(&tenant)).filter(users::id.eq(&user));
            if row.for_update().skip_locked().first::<(String, String)>(c).optional()?.is_none() {
                continue;
            }
        }
        locked = Some((tenant, user));
        break;
    }
    let Some((tenant, user)) = locked else { return Ok(false) };
    if delete_some(conn, DELETE_TRANSACTIONS, &tenant, &user, limit)? < limit {
        on_engine!(conn, c, _Db => diesel::delete(users::table.find((tenant, user))).execute(c))?;
    }
    Ok(true)
}

/// Returns the user. Locks the row until the end of the unit of work, so that the user's state and number of
/// credentials do not change in the meantime.
pub fn lock(conn: &mut Connection, tenant: TenantId, id: UserId) -> Result<Option<User>, DbError> {
    let (tenant, id) = (tenant.to_string(), id.to_string());
    let query = || existing(&tenant).filter(users::id.eq(&id));
    row_convert::one(match conn {
        Connection::Postgres(c, _) => query().for_no_key_update().select(Row::as_select()).first(c).optional()?,
        Connection::Sqlite(c) => query().select(Row::as_select()).first(c).optional()?,
    })
}

/// Returns an error if the user does not exist. On PostgreSQL, prevents the user's deletion until the end of the unit
/// of work. Call it before adding rows of the user, because a violated foreign key would abort the transaction.
///
/// # Errors
/// [`DbError::Orphan`] if the user does not exist or is marked as deleted.
pub(super) fn hold(conn: &mut Connection, tenant: TenantId, id: UserId) -> Result<(), DbError> {
    let (tenant, id) = (tenant.to_string(), id.to_string());
    let user = || existing(&tenant).filter(users::id.eq(&id)).select(users::id);
    let found: Option<String> = match conn {
        Connection::Postgres(c, _) => user().for_key_share().first(c).optional()?,
        Connection::Sqlite(c) => user().first(c).optional()?,
    };
    found.map(drop).ok_or(DbError::Orphan)
}

#[cfg(test)]
mod tests {
    use diesel::{QueryableByName, RunQueryDsl as _, sql_query, sql_types::Text};

    use super::*;
    use crate::db::tests::harness::TestDatabase;

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[tokio::test]
    async fn deletions_read_no_rows_of_other_users() {
        let db = TestDatabase::sqlite().await;
        for (delete, index) in
            [(DELETE_CREDENTIALS, "credentials_of_user"), (DELETE_TRANSACTIONS, "transactions_of_user")]
        {
            let steps: Vec<Step> = db
                .read(move |conn| match conn {
                    Connection::Sqlite(c) => Ok(sql_query(format!("EXPLAIN QUERY PLAN {delete}")).load(c)?),
                    Connection::Postgres(..) => Ok(Vec::new()),
                })
                .await;
            let plan: Vec<_> = steps.into_iter().map(|step| step.detail).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
        }
    }
}
