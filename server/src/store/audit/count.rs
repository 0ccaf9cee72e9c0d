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

use super::super::{
    Connection, Engine, StoreError, on_engine, row,
    schema::{audit_counts, audit_logs},
};
use super::{
    Gone,
    days::{self, Days},
    settle, within, words,
};
use crate::domain::audit::AuditFilter;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
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
    pub(super) fn of(engine: Engine, tenant_id: String, id: &str, kind: String, at: i64) -> Result<Self, StoreError> {
        let slot = match engine {
            // One writer: nobody waits.
            Engine::Sqlite => 0,
            Engine::Postgres => {
                let id: AuditId = row::parse(id)?;
                // The last byte is random in version 7.
                id.uuid().as_bytes().last().map_or(0, |byte| i16::from(byte % SLOTS))
            }
        };
        Ok(Self { tenant_id, day: at.div_euclid(DAY), kind, slot })
    }
}

/// Counts entries.
pub(super) fn add(conn: &mut Connection, place: &Place, number: i64) -> Result<(), StoreError> {
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

/// Counts deleted entries off; counters that reach zero go.
pub(super) fn subtract(conn: &mut Connection, gone: Vec<Gone>) -> Result<(), StoreError> {
    settle::alone(conn)?;
    // Ordered, so that two nodes that purge at the same time lock in the same order.
    let mut numbers: BTreeMap<Place, i64> = BTreeMap::new();
    let engine = conn.engine();
    for Gone { tenant_id, id, kind, created_at, .. } in gone {
        *numbers.entry(Place::of(engine, tenant_id, &id, kind, created_at)?).or_default() += 1;
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

/// How many entries fit a filter. Whole days come from the counters, the rest of a first and last day is counted; what is
/// looked for in texts is told by `words`.
pub(super) fn total(conn: &mut Connection, tenant: Option<TenantId>, filter: &AuditFilter) -> Result<u64, StoreError> {
    if let Some(total) = words::total(conn, tenant, filter)? {
        return Ok(row::total(total));
    }
    let first =
        filter.start.map(|start| start.millis().div_euclid(DAY) + i64::from(start.millis().rem_euclid(DAY) > 0));
    let end = filter.end.map(Timestamp::day);
    if let (Some(first), Some(end)) = (first, end)
        && first >= end
    {
        return Ok(row::total(count_rows(conn, tenant, filter)?));
    }
    let days = Days { first: first.unwrap_or(i64::MIN), last: end.map_or(i64::MAX, |end| end - 1) };
    let mut total = match tenant {
        Some(tenant) => sum_days(conn, tenant, filter, days)?,
        None => sum_all(conn, filter, days)?,
    };
    if let (Some(start), Some(first)) = (filter.start, first)
        && start.millis() < first.saturating_mul(DAY)
    {
        let part = AuditFilter { end: Some(Timestamp::from_millis(first.saturating_mul(DAY))), ..filter.clone() };
        total += count_rows(conn, tenant, &part)?;
    }
    if let (Some(until), Some(end)) = (filter.end, end)
        && end.saturating_mul(DAY) < until.millis()
    {
        let part = AuditFilter { start: Some(Timestamp::from_millis(end.saturating_mul(DAY))), ..filter.clone() };
        total += count_rows(conn, tenant, &part)?;
    }
    Ok(row::total(total))
}

/// A tenant's counters of some days.
fn sum_days(conn: &mut Connection, tenant: TenantId, filter: &AuditFilter, days: Days) -> Result<i64, StoreError> {
    on_engine!(conn, c, Db => {
        let mut query = audit_counts::table
            .filter(audit_counts::tenant_id.eq(tenant.to_string()))
            .filter(audit_counts::day.between(days.first, days.last))
            .into_boxed::<Db>();
        if let Some(kinds) = filter.fitting_kinds() {
            query = query.filter(audit_counts::kind.eq_any(kinds.into_iter().map(AuditType::as_str)));
        }
        // A sum of BIGINT is NUMERIC on PostgreSQL, and null over no rows.
        let sum = sql::<BigInt>("CAST(COALESCE(SUM(count), 0) AS BIGINT)");
        Ok(query.select(sum).get_result::<i64>(c)?)
    })
}

/// All logs' counters of some days.
fn sum_all(conn: &mut Connection, filter: &AuditFilter, days: Days) -> Result<i64, StoreError> {
    let kinds = filter.fitting_kinds();
    let fits = |kind: &AuditType| kinds.as_ref().is_none_or(|kinds| kinds.contains(kind));
    Ok(days::by_type(conn, days)?.into_iter().filter(|(_, kind, _)| fits(kind)).map(|(.., count)| count).sum())
}

fn count_rows(conn: &mut Connection, tenant: Option<TenantId>, filter: &AuditFilter) -> Result<i64, StoreError> {
    Ok(on_engine!(conn, c, Db => within!(audit_logs::table.into_boxed::<Db>(), tenant, filter)
        .count()
        .get_result::<i64>(c))?)
}
