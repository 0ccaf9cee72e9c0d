//! Challenges that wait for their finalize.

use diesel::prelude::*;
use doorward_shared::{Base64Url, TenantId, Timestamp};

use super::{Connection, DbError, on_engine, row_convert, schema::challenges};
use crate::domain::{Ceremony, Challenge, ChallengeValue};

#[derive(Queryable, Selectable, Insertable)]
// The same statement for every row, whichever columns are null: it is compiled once.
#[diesel(table_name = challenges, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
struct Row {
    tenant_id: String,
    value: String,
    ceremony: String,
    user_id: Option<String>,
    transaction_id: Option<String>,
    state: String,
    created_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for Challenge {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: row_convert::parse(&row.tenant_id)?,
            value: ChallengeValue(Base64Url::decode(&row.value).map_err(|error| row_convert::corrupt(&error))?.0),
            ceremony: Ceremony::parse(&row.ceremony).ok_or_else(|| row_convert::corrupt(&"a challenge's ceremony"))?,
            user_id: row_convert::parse_some(row.user_id.as_deref())?,
            transaction_id: row_convert::parse_some(row.transaction_id.as_deref())?,
            state: row_convert::from_json(&row.state)?,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
        })
    }
}

/// Adds a challenge.
///
/// # Errors
/// [`DbError::Duplicate`] when the value is taken, [`DbError::Orphan`] when the tenant or the user is gone.
pub fn insert(conn: &mut Connection, challenge: &Challenge) -> Result<(), DbError> {
    let row = Row {
        tenant_id: challenge.tenant_id.to_string(),
        value: challenge.value.to_string(),
        ceremony: challenge.ceremony.as_str().to_owned(),
        user_id: challenge.user_id.map(|id| id.to_string()),
        transaction_id: challenge.transaction_id.map(|id| id.to_string()),
        state: row_convert::to_json(&challenge.state)?,
        created_at: challenge.created_at.millis(),
        expires_at: challenge.expires_at.millis(),
    };
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(challenges::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "challenges")
}

/// A challenge by its value, expired or not.
///
/// # Errors
/// [`DbError`] of the database.
pub fn find(conn: &mut Connection, tenant: TenantId, value: &ChallengeValue) -> Result<Option<Challenge>, DbError> {
    let query = || challenges::table.find((tenant.to_string(), value.to_string()));
    on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?
        .map(Challenge::try_from)
        .transpose()
}

/// Uses a challenge up. `true` for exactly one of all who try: only that one may go on.
///
/// # Errors
/// [`DbError`] of the database.
pub fn take(conn: &mut Connection, tenant: TenantId, value: &ChallengeValue) -> Result<bool, DbError> {
    let target = || challenges::table.find((tenant.to_string(), value.to_string()));
    Ok(on_engine!(conn, c, _Db => diesel::delete(target()).execute(c))? == 1)
}

/// Deletes challenges that expired before a time, of every tenant, at most about `limit`; answers how many.
///
/// # Errors
/// [`DbError`] of the database.
pub fn purge_expired(conn: &mut Connection, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    let expired = || challenges::table.filter(challenges::expires_at.lt(before.millis()));
    // Up to the limit-th row's time: one range of the index, with all rows of its last millisecond.
    let last =
        || expired().order(challenges::expires_at.asc()).select(challenges::expires_at).offset((limit - 1).max(0));
    let last: Option<i64> = on_engine!(conn, c, _Db => last().first(c).optional())?;
    let until = last.unwrap_or(i64::MAX);
    let target = || expired().filter(challenges::expires_at.le(until));
    Ok(on_engine!(conn, c, _Db => diesel::delete(target()).execute(c))?)
}
