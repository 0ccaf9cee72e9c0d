//! Sums that follow the counters a few seconds later: by day and tenant, and by day and type of all logs.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    backend::Backend,
    dsl::sql,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{Array, BigInt, Bool, HasSqlType, SmallInt, Text},
};

use super::{
    super::{
        Connection, DbError, on_engine, row_convert,
        schema::{audit_counts, audit_days, audit_totals},
    },
    days::{Activity, unsettled_of},
};

/// Whoever settles on a server does it alone: two would undo each other's sums.
const SETTLE_LOCK: i64 = 0x446f_6f72_7365_7474;

/// A tenant's day; where settling goes on.
pub type TenantDay = (String, i64);

/// A counter as it was summed up.
struct Seen {
    tenant: String,
    day: i64,
    kind: String,
    slot: i16,
    count: i64,
    /// How much of it the sums of all logs had.
    settled: i64,
}

/// Brings the sums of at most `limit` tenants' days up to date, and these tenants' last activity. Answers where to go on;
/// `None` when nothing is left, or another node is at it.
///
/// # Errors
/// [`DbError`] of the database.
pub fn settle(conn: &mut Connection, after: Option<TenantDay>, limit: usize) -> Result<Option<TenantDay>, DbError> {
    if !alone_now(conn)? {
        return Ok(None);
    }
    let days = unsettled(conn, after, limit)?;
    let mut seen = Vec::new();
    for (tenant, day) in &days {
        seen.extend(recount_day(conn, tenant, *day)?);
    }
    settled(conn, &seen)?;
    Ok(days.into_iter().nth(limit.saturating_sub(1)))
}

/// Counters that were summed up are part of the sums of all logs from now on.
fn settled(conn: &mut Connection, seen: &[Seen]) -> Result<(), DbError> {
    let mut changes: BTreeMap<(i64, &str), i64> = BTreeMap::new();
    for counter in seen {
        *changes.entry((counter.day, counter.kind.as_str())).or_default() += counter.count - counter.settled;
    }
    add_to_totals(conn, changes)?;
    // Last of all: on a server, whoever counts meanwhile waits from here on to the commit.
    mark_settled(conn, seen)
}

fn add_to_totals<'a>(
    conn: &mut Connection,
    changes: impl IntoIterator<Item = ((i64, &'a str), i64)>,
) -> Result<(), DbError> {
    for ((day, kind), change) in changes {
        if change == 0 {
            continue;
        }
        on_engine!(conn, c, _Db => {
            diesel::insert_into(audit_totals::table)
                .values((audit_totals::day.eq(day), audit_totals::kind.eq(kind), audit_totals::count.eq(change)))
                .on_conflict((audit_totals::day, audit_totals::kind))
                .do_update()
                .set(audit_totals::count.eq(audit_totals::count + change))
                .execute(c)?;
            if change < 0 {
                diesel::delete(audit_totals::table.find((day, kind)).filter(audit_totals::count.eq(0))).execute(c)?;
            }
        });
    }
    Ok(())
}

fn unsettled(conn: &mut Connection, after: Option<TenantDay>, limit: usize) -> Result<Vec<TenantDay>, DbError> {
    let (tenant, day) = after.unwrap_or_default();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = Unsettled { from: unsettled_of(conn.engine()), tenant, day, limit };
    Ok(on_engine!(conn, c, _Db => query.load(c))?)
}

/// Tenants' days with counters that are not settled, on from one of them.
struct Unsettled {
    from: &'static str,
    tenant: String,
    day: i64,
    limit: i64,
}

impl QueryId for Unsettled {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Unsettled {
    type SqlType = (Text, BigInt);
}

impl<C> RunQueryDsl<C> for Unsettled {}

impl<DB> QueryFragment<DB> for Unsettled
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text>,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("SELECT DISTINCT tenant_id, day FROM ");
        out.push_sql(self.from);
        out.push_sql(" WHERE unsettled AND tenant_id >= ");
        out.push_bind_param::<Text, _>(&self.tenant)?;
        out.push_sql(" AND (tenant_id > ");
        out.push_bind_param::<Text, _>(&self.tenant)?;
        out.push_sql(" OR day > ");
        out.push_bind_param::<BigInt, _>(&self.day)?;
        out.push_sql(") ORDER BY tenant_id, day LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

/// Sums a tenant's day up anew. Answers its unsettled counters as they were.
fn recount_day(conn: &mut Connection, tenant: &str, day: i64) -> Result<Vec<Seen>, DbError> {
    let query = || {
        audit_counts::table.filter(audit_counts::tenant_id.eq(tenant)).filter(audit_counts::day.eq(day)).select((
            audit_counts::kind,
            audit_counts::slot,
            audit_counts::count,
            audit_counts::settled,
            audit_counts::unsettled,
        ))
    };
    let counters: Vec<(String, i16, i64, i64, bool)> = on_engine!(conn, c, _Db => query().load(c))?;
    let mut sum = Activity::default();
    for (kind, _, count, ..) in &counters {
        sum.add(row_convert::parse(kind)?, *count);
    }
    put(conn, tenant, day, sum)?;
    let changed = counters.into_iter().filter(|(.., unsettled)| *unsettled);
    let seen = |(kind, slot, count, settled, _)| Seen { tenant: tenant.to_owned(), day, kind, slot, count, settled };
    Ok(changed.map(seen).collect())
}

fn put(conn: &mut Connection, tenant: &str, day: i64, sum: Activity) -> Result<(), DbError> {
    if sum.entries == 0 {
        on_engine!(conn, c, _Db => diesel::delete(audit_days::table.find((tenant, day))).execute(c))?;
        return Ok(());
    }
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let sums = (
        audit_days::entries.eq(number(sum.entries)),
        audit_days::succeeded.eq(number(sum.succeeded)),
        audit_days::refused.eq(number(sum.refused)),
    );
    on_engine!(conn, c, _Db => diesel::insert_into(audit_days::table)
        .values((audit_days::tenant_id.eq(tenant), audit_days::day.eq(day), sums))
        .on_conflict((audit_days::tenant_id, audit_days::day))
        .do_update()
        .set(sums)
        .execute(c))?;
    Ok(())
}

/// Notes how much of these counters is settled; all of it, where they are still as they were.
fn mark_settled(conn: &mut Connection, seen: &[Seen]) -> Result<(), DbError> {
    match conn {
        Connection::Sqlite(c) => {
            for Seen { tenant, day, kind, slot, count, .. } in seen {
                diesel::update(audit_counts::table.find((tenant, day, kind, slot)))
                    .set((audit_counts::settled.eq(count), audit_counts::unsettled.eq(audit_counts::count.ne(count))))
                    .execute(c)?;
            }
        }
        Connection::Postgres(c) => {
            // One statement: the counters of busy tenants are locked for its length and the commit's, not longer.
            let column = |text: fn(&Seen) -> &String| seen.iter().map(text).collect::<Vec<_>>();
            diesel::sql_query(
                "UPDATE audit_counts c SET settled = s.count, unsettled = c.count <> s.count \
                 FROM unnest($1, $2, $3, $4, $5) AS s (tenant_id, day, type, slot, count) \
                 WHERE c.tenant_id = s.tenant_id AND c.day = s.day AND c.type = s.type AND c.slot = s.slot",
            )
            .bind::<Array<Text>, _>(column(|counter| &counter.tenant))
            .bind::<Array<BigInt>, _>(seen.iter().map(|counter| counter.day).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(column(|counter| &counter.kind))
            .bind::<Array<SmallInt>, _>(seen.iter().map(|counter| counter.slot).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(seen.iter().map(|counter| counter.count).collect::<Vec<_>>())
            .execute(c)?;
        }
    }
    Ok(())
}

/// Sums days up anew whose counters were subtracted from; counters that have come to nothing go. The caller is
/// [`alone`].
pub(super) fn recount(conn: &mut Connection, days: &BTreeSet<TenantDay>) -> Result<(), DbError> {
    let mut seen = Vec::new();
    for (tenant, day) in days {
        seen.extend(recount_day(conn, tenant, *day)?);
    }
    settled(conn, &seen)?;
    for (tenant, day) in days {
        let counters = || {
            audit_counts::table
                .filter(audit_counts::tenant_id.eq(tenant))
                .filter(audit_counts::day.eq(day))
                .filter(audit_counts::count.le(0))
        };
        on_engine!(conn, c, _Db => diesel::delete(counters()).execute(c))?;
    }
    Ok(())
}

/// Forgets a tenant that is gone. The caller is [`alone`].
pub(super) fn delete(conn: &mut Connection, tenant: &str) -> Result<(), DbError> {
    let counters = || audit_counts::table.filter(audit_counts::tenant_id.eq(tenant));
    let settled = (audit_counts::day, audit_counts::kind, sql::<BigInt>("CAST(SUM(settled) AS BIGINT)"));
    let sums = || counters().group_by((audit_counts::day, audit_counts::kind)).select(settled.clone());
    let sums: Vec<(i64, String, i64)> = on_engine!(conn, c, _Db => sums().load(c))?;
    add_to_totals(conn, sums.iter().map(|(day, kind, count)| ((*day, kind.as_str()), -count)))?;
    on_engine!(conn, c, _Db => {
        diesel::delete(counters()).execute(c)?;
        diesel::delete(audit_days::table.filter(audit_days::tenant_id.eq(tenant))).execute(c)?;
    });
    Ok(())
}

/// Waits until no other node settles. SQLite has one writer anyway. To be called before counters are locked: whoever
/// settles locks them last.
pub(in crate::store) fn alone(conn: &mut Connection) -> Result<(), DbError> {
    if let Connection::Postgres(c) = conn {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(SETTLE_LOCK).execute(c)?;
    }
    Ok(())
}

/// Whether no other node settles.
fn alone_now(conn: &mut Connection) -> Result<bool, DbError> {
    match conn {
        Connection::Sqlite(_) => Ok(true),
        Connection::Postgres(c) => {
            let lock = sql::<Bool>("pg_try_advisory_xact_lock(").bind::<BigInt, _>(SETTLE_LOCK).sql(")");
            Ok(diesel::select(lock).get_result(c)?)
        }
    }
}
