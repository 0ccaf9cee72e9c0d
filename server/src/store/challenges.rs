//! Challenges of pending ceremonies.

use diesel::prelude::*;
use doorward_shared::{Base64Url, TenantId, Timestamp};

use super::{Connection, DbError, on_engine, row_convert, schema::challenges};
use crate::{
    db::cached_sql::{Bind, CachedSql},
    domain::{Ceremony, Challenge, ChallengeValue},
};

#[derive(Queryable, Selectable, Insertable)]
// All rows are inserted with the same statement, even if some values are NULL, so that each connection prepares only
// one statement.
#[diesel(table_name = challenges, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::sqlite::Sqlite, diesel::pg::Pg))]
pub(super) struct Row {
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

impl TryFrom<&Challenge> for Row {
    type Error = DbError;

    fn try_from(challenge: &Challenge) -> Result<Self, DbError> {
        Ok(Self {
            tenant_id: challenge.tenant_id.to_string(),
            value: challenge.value.to_string(),
            ceremony: challenge.ceremony.as_str().to_owned(),
            user_id: challenge.user_id.map(|id| id.to_string()),
            transaction_id: challenge.transaction_id.map(|id| id.to_string()),
            state: row_convert::to_json(&challenge.state)?,
            created_at: challenge.created_at.millis(),
            expires_at: challenge.expires_at.millis(),
        })
    }
}

impl Row {
    /// Returns the values, in the order of the fields.
    pub(super) fn binds(self) -> [Bind<'static>; 8] {
        [
            self.tenant_id.into(),
            self.value.into(),
            self.ceremony.into(),
            self.user_id.into(),
            self.transaction_id.into(),
            self.state.into(),
            self.created_at.into(),
            self.expires_at.into(),
        ]
    }
}

/// Adds a challenge.
///
/// # Errors
/// [`DbError::Duplicate`] if the value exists, [`DbError::Orphan`] if the tenant does not exist.
pub fn insert(conn: &mut Connection, challenge: &Challenge) -> Result<(), DbError> {
    let row = Row::try_from(challenge)?;
    let rows = on_engine!(conn, c, _Db => diesel::insert_into(challenges::table)
        .values(&row).on_conflict_do_nothing().execute(c))?;
    row_convert::inserted(rows, "challenges")
}

/// Returns a challenge by its value, even if it has expired.
pub fn find(conn: &mut Connection, tenant: TenantId, value: &ChallengeValue) -> Result<Option<Challenge>, DbError> {
    let query = || challenges::table.find((tenant.to_string(), value.to_string()));
    row_convert::one(on_engine!(conn, c, _Db => query().select(Row::as_select()).get_result(c).optional())?)
}

/// Deletes a challenge. Only one of several concurrent calls returns `true`, and only its caller may continue.
pub fn take(conn: &mut Connection, tenant: TenantId, value: &ChallengeValue) -> Result<bool, DbError> {
    let target = || challenges::table.find((tenant.to_string(), value.to_string()));
    Ok(on_engine!(conn, c, _Db => diesel::delete(target()).execute(c))? == 1)
}

/// Like [`take`], but returns `false` if the tenant is disabled. The challenge then remains.
pub fn take_if_enabled(conn: &mut Connection, tenant: TenantId, value: &ChallengeValue) -> Result<bool, DbError> {
    // This is a single statement, because every successful ceremony runs it. The ceremony's audit entry needs the same
    // row of `tenants`, so checking `disabled_at` reads no additional page.
    let (tenant, value) = (tenant.to_string(), value.to_string());
    let take = "DELETE FROM challenges WHERE tenant_id = ? AND value = ? \
                AND EXISTS (SELECT 1 FROM tenants WHERE id = ? AND disabled_at IS NULL)";
    let take = CachedSql::<()>::new(take).bind(&tenant).bind(&value).bind(&tenant);
    Ok(on_engine!(conn, c, _Db => take.execute(c))? == 1)
}
