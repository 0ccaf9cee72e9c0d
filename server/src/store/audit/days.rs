//! What the logs hold by day. `audit_counts` is the truth; `audit_days` has its sums by day and tenant, settled a few
//! seconds later by a job, for questions about all tenants at once. A counter that changed is marked in the write that
//! changes it, so that nothing is missed, whoever writes and whenever a process dies.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{Array, BigInt, Bool, SmallInt, Text},
};
use doorward_shared::{AuditType, TenantId};

use super::super::{
    Connection, StoreError, on_engine, row,
    schema::{audit_counts, audit_days},
    summaries,
};

/// Whoever settles on a server does it alone: two would undo each other's sums.
const SETTLE_LOCK: i64 = 0x446f_6f72_7365_7474;
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
    fn add(&mut self, kind: AuditType, count: i64) {
        let count = row::total(count);
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
/// [`StoreError`] of the database.
pub fn of_tenants(
    conn: &mut Connection,
    tenants: &[TenantId],
    days: Days,
) -> Result<BTreeMap<TenantId, Activity>, StoreError> {
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
        found.entry(row::parse(&tenant)?).or_default().add(row::parse(&kind)?, count);
    }
    Ok(found)
}

/// What a tenant's log holds, day by day, as of now. Days without an entry are left out.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_tenant(conn: &mut Connection, tenant: TenantId, days: Days) -> Result<BTreeMap<i64, Activity>, StoreError> {
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
        found.entry(day).or_default().add(row::parse(&kind)?, count);
    }
    Ok(found)
}

/// What all logs hold, day by day, as far as it is settled. Days without an entry are left out.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn of_all(conn: &mut Connection, days: Days) -> Result<BTreeMap<i64, Activity>, StoreError> {
    let sums = || {
        (
            audit_days::day,
            sql::<BigInt>("CAST(SUM(entries) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(succeeded) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(refused) AS BIGINT)"),
        )
    };
    let query = || {
        audit_days::table
            .filter(audit_days::day.between(days.first, days.last))
            .group_by(audit_days::day)
            .select(sums())
    };
    let rows: Vec<(i64, i64, i64, i64)> = on_engine!(conn, c, _Db => query().load(c))?;
    let activity = |entries, succeeded, refused| Activity {
        entries: row::total(entries),
        succeeded: row::total(succeeded),
        refused: row::total(refused),
    };
    Ok(rows
        .into_iter()
        .map(|(day, entries, succeeded, refused)| (day, activity(entries, succeeded, refused)))
        .collect())
}

/// The tenants whose logs got most entries, as far as it is settled; the busiest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn busiest(conn: &mut Connection, days: Days, limit: i64) -> Result<Vec<TenantId>, StoreError> {
    let query = || {
        audit_days::table
            .filter(audit_days::day.between(days.first, days.last))
            .filter(audit_days::tenant_id.ne(TenantId::INSTALLATION.to_string()))
            .group_by(audit_days::tenant_id)
            .select(audit_days::tenant_id)
            .order((sql::<BigInt>("SUM(entries)").desc(), audit_days::tenant_id.asc()))
            .limit(limit)
    };
    let ids: Vec<String> = on_engine!(conn, c, _Db => query().load(c))?;
    ids.iter().map(|id| row::parse(id)).collect()
}

/// A tenant's day; where settling goes on.
pub type TenantDay = (String, i64);

/// A counter as it was summed up: tenant, day, type, slot, count.
type Seen = (String, i64, String, i16, i64);

/// Brings the sums of at most `limit` tenants' days up to date, and these tenants' last activity. Answers where to go on;
/// `None` when nothing is left, or another node is at it.
///
/// # Errors
/// [`StoreError`] of the database.
pub fn settle(conn: &mut Connection, after: Option<TenantDay>, limit: usize) -> Result<Option<TenantDay>, StoreError> {
    if !alone_now(conn)? {
        return Ok(None);
    }
    let days = unsettled(conn, after, limit)?;
    let mut seen = Vec::new();
    for (tenant, day) in &days {
        seen.extend(recount_day(conn, tenant, *day)?);
    }
    let tenants: BTreeSet<&str> = days.iter().map(|(tenant, _)| tenant.as_str()).collect();
    for tenant in tenants {
        summaries::touch(conn, tenant)?;
    }
    // Last of all: on a server, whoever counts meanwhile waits from here on to the commit.
    mark_settled(conn, &seen)?;
    Ok(days.into_iter().nth(limit.saturating_sub(1)))
}

fn unsettled(conn: &mut Connection, after: Option<TenantDay>, limit: usize) -> Result<Vec<TenantDay>, StoreError> {
    let (tenant, day) = after.unwrap_or_default();
    let query = || {
        audit_counts::table
            .filter(audit_counts::unsettled)
            .filter(audit_counts::tenant_id.ge(&tenant))
            .filter(audit_counts::tenant_id.gt(&tenant).or(audit_counts::day.gt(day)))
            .order((audit_counts::tenant_id.asc(), audit_counts::day.asc()))
            .select((audit_counts::tenant_id, audit_counts::day))
            .distinct()
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
    };
    Ok(on_engine!(conn, c, _Db => query().load(c))?)
}

/// Sums a tenant's day up anew. Answers its unsettled counters as they were.
fn recount_day(conn: &mut Connection, tenant: &str, day: i64) -> Result<Vec<Seen>, StoreError> {
    let query = || {
        audit_counts::table.filter(audit_counts::tenant_id.eq(tenant)).filter(audit_counts::day.eq(day)).select((
            audit_counts::kind,
            audit_counts::slot,
            audit_counts::count,
            audit_counts::unsettled,
        ))
    };
    let counters: Vec<(String, i16, i64, bool)> = on_engine!(conn, c, _Db => query().load(c))?;
    let mut sum = Activity::default();
    for (kind, _, count, _) in &counters {
        sum.add(row::parse(kind)?, *count);
    }
    put(conn, tenant, day, sum)?;
    let changed = counters.into_iter().filter(|(.., unsettled)| *unsettled);
    Ok(changed.map(|(kind, slot, count, _)| (tenant.to_owned(), day, kind, slot, count)).collect())
}

fn put(conn: &mut Connection, tenant: &str, day: i64, sum: Activity) -> Result<(), StoreError> {
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

/// Marks counters settled that are still as they were.
fn mark_settled(conn: &mut Connection, seen: &[Seen]) -> Result<(), StoreError> {
    match conn {
        Connection::Sqlite(c) => {
            for (tenant, day, kind, slot, count) in seen {
                let counter = audit_counts::table.find((tenant, day, kind, slot));
                diesel::update(counter.filter(audit_counts::count.eq(count)))
                    .set(audit_counts::unsettled.eq(false))
                    .execute(c)?;
            }
        }
        Connection::Postgres(c) => {
            // One statement: the counters of busy tenants are locked for its length and the commit's, not longer.
            let column = |text: fn(&Seen) -> &String| seen.iter().map(text).collect::<Vec<_>>();
            diesel::sql_query(
                "UPDATE audit_counts c SET unsettled = FALSE \
                 FROM unnest($1, $2, $3, $4, $5) AS s (tenant_id, day, type, slot, count) \
                 WHERE c.tenant_id = s.tenant_id AND c.day = s.day AND c.type = s.type AND c.slot = s.slot \
                 AND c.count = s.count",
            )
            .bind::<Array<Text>, _>(column(|(tenant, ..)| tenant))
            .bind::<Array<BigInt>, _>(seen.iter().map(|(_, day, ..)| *day).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(column(|(_, _, kind, ..)| kind))
            .bind::<Array<SmallInt>, _>(seen.iter().map(|(_, _, _, slot, _)| *slot).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(seen.iter().map(|(.., count)| *count).collect::<Vec<_>>())
            .execute(c)?;
        }
    }
    Ok(())
}

/// Sums days up anew whose counters were subtracted from.
pub(super) fn recount(conn: &mut Connection, days: &BTreeSet<TenantDay>) -> Result<(), StoreError> {
    alone(conn)?;
    for (tenant, day) in days {
        recount_day(conn, tenant, *day)?;
    }
    Ok(())
}

/// Forgets a tenant that is gone.
pub(in crate::store) fn delete(conn: &mut Connection, tenant: &str) -> Result<(), StoreError> {
    alone(conn)?;
    let rows = || audit_days::table.filter(audit_days::tenant_id.eq(tenant));
    on_engine!(conn, c, _Db => diesel::delete(rows()).execute(c))?;
    Ok(())
}

/// Waits until no other node settles. SQLite has one writer anyway.
fn alone(conn: &mut Connection) -> Result<(), StoreError> {
    if let Connection::Postgres(c) = conn {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(SETTLE_LOCK).execute(c)?;
    }
    Ok(())
}

/// Whether no other node settles.
fn alone_now(conn: &mut Connection) -> Result<bool, StoreError> {
    match conn {
        Connection::Sqlite(_) => Ok(true),
        Connection::Postgres(c) => {
            let lock = sql::<Bool>("pg_try_advisory_xact_lock(").bind::<BigInt, _>(SETTLE_LOCK).sql(")");
            Ok(diesel::select(lock).get_result(c)?)
        }
    }
}
