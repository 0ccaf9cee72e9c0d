//! What the logs hold by day. `audit_counts` is the truth; `audit_days` has its sums by day and tenant, and `audit_totals`
//! those by day and type, settled a few seconds later by a job, for questions about all tenants at once. A counter that
//! changed is marked in the write that changes it, so that nothing is missed, whoever writes and whenever a process dies;
//! it remembers how much of it is settled, so that what all logs hold is told exactly all the same.

use std::collections::BTreeMap;

use diesel::{
    backend::Backend,
    dsl::sql,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, Text},
};
use doorward_shared::{AuditType, TenantId};

use super::super::{Connection, DbError, Engine, on_engine, row_convert, schema::audit_counts};

/// A sum of BIGINT is NUMERIC on PostgreSQL.
const SUM: &str = "CAST(SUM(count) AS BIGINT)";

/// A span of days since the epoch, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

/// What a log holds of some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Entries of any type.
    pub entries: u64,
    /// Ceremonies that ended well.
    pub succeeded: u64,
    /// Refusals.
    pub refused: u64,
}

impl Activity {
    pub(super) fn add(&mut self, kind: AuditType, count: i64) {
        let count = row_convert::total(count);
        self.entries += count;
        if kind.ends_ceremony() {
            self.succeeded += count;
        }
        if kind.is_failure() {
            self.refused += count;
        }
    }
}

/// What some tenants' logs hold of some days, as of now. Tenants without an entry are left out.
///
/// # Errors
/// [`DbError`] of the database.
pub fn of_tenants(
    conn: &mut Connection,
    tenants: &[TenantId],
    days: Days,
) -> Result<BTreeMap<TenantId, Activity>, DbError> {
    let keys: Vec<String> = tenants.iter().map(TenantId::to_string).collect();
    let query = || {
        audit_counts::table
            .filter(audit_counts::tenant_id.eq_any(&keys))
            .filter(audit_counts::day.between(days.first, days.last))
            .group_by((audit_counts::tenant_id, audit_counts::kind))
            .select((audit_counts::tenant_id, audit_counts::kind, sql::<BigInt>(SUM)))
    };
    let rows: Vec<(String, String, i64)> = on_engine!(conn, c, _Db => query().load(c))?;
    let mut found: BTreeMap<TenantId, Activity> = BTreeMap::new();
    for (tenant, kind, count) in rows {
        found.entry(row_convert::parse(&tenant)?).or_default().add(row_convert::parse(&kind)?, count);
    }
    Ok(found)
}

/// What a tenant's log holds, day by day, as of now. Days without an entry are left out.
///
/// # Errors
/// [`DbError`] of the database.
pub fn of_tenant(conn: &mut Connection, tenant: TenantId, days: Days) -> Result<BTreeMap<i64, Activity>, DbError> {
    let query = || {
        audit_counts::table
            .filter(audit_counts::tenant_id.eq(tenant.to_string()))
            .filter(audit_counts::day.between(days.first, days.last))
            .group_by((audit_counts::day, audit_counts::kind))
            .select((audit_counts::day, audit_counts::kind, sql::<BigInt>(SUM)))
    };
    let rows: Vec<(i64, String, i64)> = on_engine!(conn, c, _Db => query().load(c))?;
    let mut found: BTreeMap<i64, Activity> = BTreeMap::new();
    for (day, kind, count) in rows {
        found.entry(day).or_default().add(row_convert::parse(&kind)?, count);
    }
    Ok(found)
}

/// What all logs hold, day by day, as of now. Days without an entry are left out.
///
/// # Errors
/// [`DbError`] of the database.
pub fn of_all(conn: &mut Connection, days: Days) -> Result<BTreeMap<i64, Activity>, DbError> {
    let mut found: BTreeMap<i64, Activity> = BTreeMap::new();
    for (day, kind, count) in by_type(conn, days)? {
        if count != 0 {
            found.entry(day).or_default().add(kind, count);
        }
    }
    Ok(found)
}

/// What all logs hold by day and type, as of now.
pub(super) fn by_type(conn: &mut Connection, days: Days) -> Result<Vec<(i64, AuditType, i64)>, DbError> {
    let query = AllLogs { days, unsettled: unsettled_of(conn.engine()) };
    let rows: Vec<(i64, String, i64)> = on_engine!(conn, c, _Db => query.load(c))?;
    rows.into_iter().map(|(day, kind, count)| Ok((day, row_convert::parse(&kind)?, count))).collect()
}

/// The counters, where only those are wanted that are not settled. SQLite takes reading all of them for as good as reading
/// the index of a few: it knows no numbers of rows.
pub(super) const fn unsettled_of(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "audit_counts INDEXED BY audit_counts_unsettled",
        Engine::Postgres => "audit_counts",
    }
}

/// The statement of [`by_type`]: what is settled, and what is not yet. One statement, so that no settling comes between.
struct AllLogs {
    days: Days,
    unsettled: &'static str,
}

impl QueryId for AllLogs {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for AllLogs {
    type SqlType = (BigInt, Text, BigInt);
}

impl<C> RunQueryDsl<C> for AllLogs {}

impl<DB> QueryFragment<DB> for AllLogs
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT day, type, CAST(SUM(number) AS BIGINT) FROM (");
        out.push_sql("SELECT day, type, count AS number FROM audit_totals WHERE day BETWEEN ");
        out.push_bind_param::<BigInt, _>(&self.days.first)?;
        out.push_sql(" AND ");
        out.push_bind_param::<BigInt, _>(&self.days.last)?;
        out.push_sql(" UNION ALL SELECT day, type, count - settled FROM ");
        out.push_sql(self.unsettled);
        out.push_sql(" WHERE unsettled AND day BETWEEN ");
        out.push_bind_param::<BigInt, _>(&self.days.first)?;
        out.push_sql(" AND ");
        out.push_bind_param::<BigInt, _>(&self.days.last)?;
        out.push_sql(") AS logged GROUP BY day, type");
        Ok(())
    }
}
