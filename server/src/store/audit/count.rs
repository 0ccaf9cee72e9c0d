//! Exact totals of the log by day and type.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    backend::Backend,
    dsl::sql,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, SmallInt, Text},
};
use doorward_shared::{AuditId, AuditType, TenantId, Timestamp};

use super::super::{Connection, DbError, Engine, on_engine, row_convert, schema::audit_counts};
use super::{
    Gone, count_rows,
    days::{self, Days},
    settle, spans, words,
};
use crate::domain::audit::AuditFilter;

/// Milliseconds of half a day.
const HALF_DAY: i64 = 43_200_000;

/// Counters of the same day and type, so that commits on a server do not wait for each other's row.
const SLOTS: u8 = 16;

/// Which counter an entry belongs to: always the same one, so that no counter falls below zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    tenant_id: String,
    day: i64,
    kind: String,
    slot: i16,
}

impl Place {
    pub(super) fn of(engine: Engine, tenant_id: String, id: &str, kind: String, at: i64) -> Result<Self, DbError> {
        let slot = match engine {
            // One writer: nobody waits.
            Engine::Sqlite => 0,
            Engine::Postgres => {
                let id: AuditId = row_convert::parse(id)?;
                // The last byte is random in version 7.
                id.uuid().as_bytes().last().map_or(0, |byte| i16::from(byte % SLOTS))
            }
        };
        Ok(Self { tenant_id, day: Timestamp::from_millis(at).day(), kind, slot })
    }
}

/// Counts entries.
pub(super) fn add(conn: &mut Connection, place: &Place, number: i64) -> Result<(), DbError> {
    on_engine!(conn, c, _Db => Count { place, number }.execute(c))?;
    Ok(())
}

/// The statement of [`add`]. Diesel never keeps an update compiled, and this one is part of every ceremony.
struct Count<'a> {
    place: &'a Place,
    number: i64,
}

impl QueryId for Count<'_> {
    type QueryId = Count<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<DB> QueryFragment<DB> for Count<'_>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<SmallInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    i16: ToSql<SmallInt, DB>,
    str: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("INSERT INTO audit_counts (tenant_id, day, type, slot, count) VALUES (");
        out.push_bind_param::<Text, _>(self.place.tenant_id.as_str())?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.place.day)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.place.kind.as_str())?;
        out.push_sql(", ");
        out.push_bind_param::<SmallInt, _>(&self.place.slot)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.number)?;
        out.push_sql(
            ") ON CONFLICT (tenant_id, day, type, slot) \
             DO UPDATE SET count = audit_counts.count + excluded.count, unsettled = TRUE",
        );
        Ok(())
    }
}

impl<C> RunQueryDsl<C> for Count<'_> {}

/// Counts deleted entries off; counters that reach zero go. The caller is [`settle::alone`].
pub(super) fn subtract(conn: &mut Connection, gone: &[Gone]) -> Result<(), DbError> {
    // Ordered, so that two nodes that purge at the same time lock in the same order.
    let mut numbers: BTreeMap<Place, i64> = BTreeMap::new();
    let engine = conn.engine();
    for Gone { tenant_id, id, kind, created_at, .. } in gone {
        let place = Place::of(engine, tenant_id.clone(), id, kind.clone(), *created_at)?;
        *numbers.entry(place).or_default() += 1;
    }
    let mut days: BTreeSet<(String, i64)> = BTreeSet::new();
    for (place, number) in numbers {
        let counter = audit_counts::table.find((&place.tenant_id, place.day, &place.kind, place.slot));
        let less = (audit_counts::count.eq(audit_counts::count - number), audit_counts::unsettled.eq(true));
        on_engine!(conn, c, _Db => diesel::update(counter).set(less).execute(c))?;
        days.insert((place.tenant_id, place.day));
    }
    settle::recount(conn, &days)
}

/// How many entries fit a filter that finds many. What is looked for in a log's texts is told by `words`, unless it is among
/// refusals: these are few, and looked at one by one. What is looked for in those of all logs, and found often, is not counted:
/// with millions of entries that would take seconds.
pub(super) fn of_many(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
) -> Result<Option<u64>, DbError> {
    let count = match tenant {
        _ if !filter.looks_into_texts() => return Ok(Some(by_counters(conn, tenant, filter)?)),
        None => return Ok(None),
        Some(_) if filter.wants_only_refusals() => count_rows(conn, tenant, filter)?,
        Some(tenant) => words::total(conn, tenant, filter)?,
    };
    Ok(Some(row_convert::total(count)))
}

/// How many entries fit a filter that looks into no text: what the counters have of its days, less what comes before its start,
/// and with what comes before its end.
pub(super) fn by_counters(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
) -> Result<u64, DbError> {
    if let (Some(start), Some(end)) = (filter.start, filter.end)
        && end < start.plus_millis(HALF_DAY)
    {
        return Ok(row_convert::total(count_part(conn, tenant, filter)?));
    }
    let days = Days {
        first: filter.start.map_or(i64::MIN, Timestamp::day),
        last: filter.end.map_or(i64::MAX, |end| end.day() - 1),
    };
    let mut total = by_day(conn, tenant, filter, days)?.values().sum::<i64>();
    if let Some(start) = filter.start {
        total -= count_before(conn, tenant, filter, start)?;
    }
    if let Some(end) = filter.end {
        total += count_before(conn, tenant, filter, end)?;
    }
    Ok(row_convert::total(total))
}

/// How many entries fit of a day up to a time, whatever the filter's own time is. The shorter part of the day is counted.
fn count_before(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    time: Timestamp,
) -> Result<i64, DbError> {
    let (day, begin) = (time.day(), Timestamp::of_day(time.day()));
    if time == begin {
        return Ok(0);
    }
    let part = |start, end| AuditFilter { start: Some(start), end: Some(end), ..filter.clone() };
    if time < begin.plus_millis(HALF_DAY) {
        return count_part(conn, tenant, &part(begin, time));
    }
    let all = by_day(conn, tenant, filter, Days { first: day, last: day })?.values().sum::<i64>();
    Ok(all - count_part(conn, tenant, &part(time, Timestamp::of_day(day + 1)))?)
}

/// Counts what fits of a part of a day, in a filter that looks into no text.
fn count_part(conn: &mut Connection, tenant: Option<TenantId>, filter: &AuditFilter) -> Result<i64, DbError> {
    match conn {
        Connection::Sqlite(c) if tenant.is_none() => Ok(spans::count(c, filter)?),
        conn => count_rows(conn, tenant, filter),
    }
}

/// What the counters of some days say, by day.
pub(super) fn by_day(
    conn: &mut Connection,
    tenant: Option<TenantId>,
    filter: &AuditFilter,
    days: Days,
) -> Result<BTreeMap<i64, i64>, DbError> {
    let kinds = filter.fitting_kinds();
    let Some(tenant) = tenant else {
        let fits = |kind: &AuditType| kinds.as_ref().is_none_or(|kinds| kinds.contains(kind));
        let mut sums = BTreeMap::new();
        for (day, _, count) in days::by_type(conn, days)?.into_iter().filter(|(_, kind, _)| fits(kind)) {
            *sums.entry(day).or_default() += count;
        }
        return Ok(sums);
    };
    let rows: Vec<(i64, i64)> = on_engine!(conn, c, Db => {
        // A sum of BIGINT is NUMERIC on PostgreSQL.
        let mut query = audit_counts::table
            .filter(audit_counts::tenant_id.eq(tenant.to_string()))
            .filter(audit_counts::day.between(days.first, days.last))
            .group_by(audit_counts::day)
            .select((audit_counts::day, sql::<BigInt>("CAST(SUM(count) AS BIGINT)")))
            .into_boxed::<Db>();
        if let Some(kinds) = &kinds {
            query = query.filter(audit_counts::kind.eq_any(kinds.iter().map(|kind| kind.as_str())));
        }
        query.load(c)
    })?;
    Ok(rows.into_iter().collect())
}
