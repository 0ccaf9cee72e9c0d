//! Counters of entries by tenant, UTC day of `created_at`, and type. The transaction that adds an entry also counts it.

use std::collections::BTreeMap;

use diesel::{
    dsl::sql,
    expression::SqlLiteral,
    prelude::*,
    sql_types::{BigInt, SmallInt, Text},
};
use doorward_shared::{AuditId, AuditType, TenantId, Timestamp};

use super::{Connection, DbError, on_engine, row_convert, schema::audit_counts};
use crate::{
    db::{Addition, COUNTER_SHARDS, Engine, cached_sql::CachedSql},
    domain::audit::{Activity, AuditFilter, Days},
};

macro_rules! upsert {
    ($rows:literal) => {
        concat!(
            "INSERT INTO audit_counts (tenant_id, day, type, shard, count) ",
            $rows,
            " ON CONFLICT (tenant_id, day, type, shard) DO UPDATE SET count = audit_counts.count + excluded.count"
        )
    };
}

const ADDITION: Addition =
    Addition { sqlite: upsert!("VALUES (?, ?, ?, ?, ?)"), postgres: upsert!("SELECT * FROM unnest(?)") };

/// Number of counters that one unit of work sums.
const SUMMED: i64 = 10_000;

/// Sums a limited number of counters whose primary keys are after a given key. With ORDER BY and LIMIT, PostgreSQL
/// reads only a part of the index. For a range between two keys, it would read the whole table, because it cannot
/// estimate how many rows are in the range.
pub(super) const SUM_OF_SOME: &str = "SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM (SELECT count FROM audit_counts \
    WHERE (tenant_id, day, type, shard) > (?, ?, ?, ?) ORDER BY tenant_id, day, type, shard LIMIT ?) AS next";

/// Key of a counter row: tenant, day, type, shard.
pub type CounterKey = (String, i64, String, i16);

/// Returns the shard that counts an entry. A deletion must subtract from the shard to which the insertion added.
pub(super) fn shard(engine: Engine, id: AuditId) -> i16 {
    match engine {
        Engine::Sqlite => 0,
        // The last three bits of an id are the number of the connection's shard (`ids::tail`). In an imported entry,
        // they are random.
        Engine::Postgres => id.uuid().as_bytes().last().map_or(0, |byte| i16::from(byte % COUNTER_SHARDS)),
    }
}

/// Counts an entry.
pub(super) fn add(
    conn: &mut Connection,
    tenant: &str,
    kind: AuditType,
    at: Timestamp,
    id: AuditId,
) -> Result<(), DbError> {
    let shard = shard(conn.engine(), id);
    conn.add(ADDITION, vec![tenant.to_owned().into(), at.day().into(), kind.as_str().into(), shard.into()], 1)
}

/// Sums the next [`SUMMED`] counters of all logs in the order of their keys. Returns the sum and the key after which to
/// continue; `None` at the end. The default key is before all counters.
pub fn count_some(conn: &mut Connection, after: &CounterKey) -> Result<(u64, Option<CounterKey>), DbError> {
    let last = "SELECT tenant_id, day, type, shard FROM audit_counts WHERE (tenant_id, day, type, shard) > (?, ?, ?, ?) \
                ORDER BY tenant_id, day, type, shard LIMIT 1 OFFSET ?";
    let sum = after_key(CachedSql::<BigInt>::new(SUM_OF_SOME), after).bind(SUMMED);
    let last = after_key(CachedSql::<(Text, BigInt, Text, SmallInt)>::new(last), after).bind(SUMMED - 1);
    let sum = row_convert::total(on_engine!(conn, c, _Db => sum.get_result(c))?);
    Ok((sum, on_engine!(conn, c, _Db => last.get_result(c).optional())?))
}

fn after_key<'a, T>(query: CachedSql<'a, T>, (tenant, day, kind, shard): &'a CounterKey) -> CachedSql<'a, T> {
    query.bind(tenant).bind(*day).bind(kind).bind(*shard)
}

/// Subtracts deleted entries and removes rows that reach zero. All nodes lock rows in the order of their keys.
pub(super) fn subtract(conn: &mut Connection, deleted: BTreeMap<CounterKey, i64>) -> Result<(), DbError> {
    for (key, number) in deleted {
        let counter = || audit_counts::table.find(key.clone());
        let less = audit_counts::count.eq(audit_counts::count - number);
        on_engine!(conn, c, _Db => {
            diesel::update(counter()).set(less).execute(c)?;
            diesel::delete(counter().filter(audit_counts::count.eq(0))).execute(c)?;
        });
    }
    Ok(())
}

/// Returns the number of matching entries of one log; `None` if the filter has conditions other than type, outcome and
/// whole days.
pub(super) fn total(conn: &mut Connection, tenant: TenantId, filter: &AuditFilter) -> Result<Option<u64>, DbError> {
    let whole_day = |time: Option<Timestamp>| time.is_none_or(|time| Timestamp::of_day(time.day()) == time);
    if filter.examines_values() || !whole_day(filter.start) || !whole_day(filter.end) {
        return Ok(None);
    }
    let first = filter.start.map_or(i64::MIN, Timestamp::day);
    let last = filter.end.map_or(i64::MAX, |end| end.day() - 1);
    let rows: Vec<(String, i64)> = on_engine!(conn, c, Db => {
        let mut query = audit_counts::table
            .filter(audit_counts::tenant_id.eq(tenant.to_string()))
            .filter(audit_counts::day.between(first, last))
            .group_by(audit_counts::kind)
            .select((audit_counts::kind, total_count()))
            .into_boxed::<Db>();
        if !filter.kinds.any_of.is_empty() {
            query = query.filter(audit_counts::kind.eq_any(filter.kinds.any_of.iter().map(|kind| kind.as_str())));
        }
        query.load(c)?
    });
    // The query sums all types, because a search for each type of an outcome would take longer. Types that the filter
    // does not accept are dropped here.
    let accepted = filter.accepted_kinds();
    let is_accepted = |name: &str| accepted.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| kind.as_str() == name));
    let sum = rows.iter().filter(|(kind, _)| is_accepted(kind)).map(|(_, count)| count).sum();
    Ok(Some(row_convert::total(sum)))
}

/// Returns the activity of all logs by day, without empty days. The cost grows with the number of active tenants.
pub fn sums_by_day(conn: &mut Connection, days: Days) -> Result<BTreeMap<i64, Activity>, DbError> {
    let sums =
        "SELECT day, type, CAST(SUM(count) AS BIGINT) FROM audit_counts WHERE day BETWEEN ? AND ? GROUP BY day, type";
    let query = CachedSql::<(BigInt, Text, BigInt)>::new(sums).bind(days.first).bind(days.last);
    let rows: Vec<(i64, String, i64)> = conn.with_table_scans(|conn| Ok(on_engine!(conn, c, _Db => query.load(c))?))?;
    sum(rows)
}

/// Returns the activity of one log by day, without empty days.
pub fn activity_by_day(conn: &mut Connection, id: TenantId, days: Days) -> Result<BTreeMap<i64, Activity>, DbError> {
    let query = || {
        audit_counts::table
            .filter(audit_counts::tenant_id.eq(id.to_string()))
            .filter(audit_counts::day.between(days.first, days.last))
            .group_by((audit_counts::day, audit_counts::kind))
            .select((audit_counts::day, audit_counts::kind, total_count()))
    };
    let rows: Vec<(i64, String, i64)> = on_engine!(conn, c, _Db => query().load(c))?;
    sum(rows)
}

/// Returns the number of entries of one log by type.
pub fn totals_by_type(conn: &mut Connection, id: TenantId, days: Days) -> Result<BTreeMap<AuditType, u64>, DbError> {
    let mut totals = BTreeMap::new();
    for (_, kind, count) in of_tenants(conn, &[id], days)? {
        *totals.entry(AuditType::known(&kind)).or_default() += row_convert::total(count);
    }
    Ok(totals)
}

/// Returns the total activity of each tenant on these days, without tenants that have no entry.
pub fn activity_of_tenants(
    conn: &mut Connection,
    tenants: &[TenantId],
    days: Days,
) -> Result<BTreeMap<TenantId, Activity>, DbError> {
    sum(of_tenants(conn, tenants, days)?)?
        .into_iter()
        .map(|(tenant, activity)| Ok((row_convert::parse(&tenant)?, activity)))
        .collect()
}

/// Returns, for each tenant, the number of entries whose type is accepted, without tenants that have none. The database
/// sums the rows of a tenant in the order of the primary key, and returns one row per tenant.
pub(super) fn accepted_of_tenants(
    conn: &mut Connection,
    tenants: &[String],
    accepts: fn(AuditType) -> bool,
    days: Days,
) -> Result<BTreeMap<String, i64>, DbError> {
    let kinds: Vec<&str> = AuditType::ALL.iter().filter(|kind| accepts(**kind)).map(|kind| kind.as_str()).collect();
    let query = || {
        audit_counts::table
            .filter(audit_counts::tenant_id.eq_any(tenants))
            .filter(audit_counts::day.between(days.first, days.last))
            .filter(audit_counts::kind.eq_any(&kinds))
            .group_by(audit_counts::tenant_id)
            .select((audit_counts::tenant_id, total_count()))
    };
    let rows: Vec<(String, i64)> = on_engine!(conn, c, _Db => query().load(c))?;
    Ok(rows.into_iter().collect())
}

fn sum<K: Ord>(rows: impl IntoIterator<Item = (K, String, i64)>) -> Result<BTreeMap<K, Activity>, DbError> {
    let mut found: BTreeMap<K, Activity> = BTreeMap::new();
    for (key, kind, count) in rows {
        found.entry(key).or_default().add(AuditType::known(&kind), row_convert::total(count));
    }
    Ok(found)
}

/// The sum of the counts. On PostgreSQL the sum of a BIGINT column is NUMERIC.
fn total_count() -> SqlLiteral<BigInt> {
    sql("CAST(SUM(count) AS BIGINT)")
}

/// Returns the number of entries by log and type.
fn of_tenants(conn: &mut Connection, ids: &[TenantId], days: Days) -> Result<Vec<(String, String, i64)>, DbError> {
    let keys: Vec<String> = ids.iter().map(TenantId::to_string).collect();
    let query = || {
        audit_counts::table
            .filter(audit_counts::tenant_id.eq_any(&keys))
            .filter(audit_counts::day.between(days.first, days.last))
            .group_by((audit_counts::tenant_id, audit_counts::kind))
            .select((audit_counts::tenant_id, audit_counts::kind, total_count()))
    };
    Ok(on_engine!(conn, c, _Db => query().load(c))?)
}
