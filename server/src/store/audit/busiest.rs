//! Which tenants' logs got most entries, without summing up all of them: the threshold algorithm of Fagin, Lotem and Naor
//! (2001) over each day's busiest.

use std::collections::BTreeSet;

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};
use doorward_shared::TenantId;

use super::{
    super::{Connection, DbError, on_engine, row_convert, schema::audit_days},
    days::Days,
};

/// How many times as many of each day are looked at next, when they were too few.
const DEEPER: i64 = 4;
/// With so many candidates, summing up everything costs no more.
const MANY: usize = 2_000;

/// The tenants whose logs got most entries, as far as it is settled; the busiest first.
///
/// # Errors
/// [`DbError`] of the database.
pub fn busiest(conn: &mut Connection, days: Days, limit: u32) -> Result<Vec<TenantId>, DbError> {
    let wanted = i64::from(limit);
    let mut depth = wanted * 2;
    let sums = loop {
        let (mut candidates, mut most_of_others) = (BTreeSet::new(), 0);
        for day in days.first..=days.last {
            let busy = of_day(conn, day, depth)?;
            if i64::try_from(busy.len()).is_ok_and(|found| found == depth) {
                most_of_others += busy.last().map_or(0, |(_, entries)| *entries);
            }
            candidates.extend(busy.into_iter().map(|(tenant, _)| tenant));
        }
        if candidates.len() > MANY {
            break summed(conn, days, None, wanted)?;
        }
        let sums = summed(conn, days, Some(&candidates), wanted)?;
        // Whoever is not a candidate had at most as much each day as the last that was looked at.
        let surely = sums.get(usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(1));
        if most_of_others == 0 || surely.is_some_and(|(_, sum)| *sum > most_of_others) {
            break sums;
        }
        depth *= DEEPER;
    };
    sums.iter().map(|(tenant, _)| row_convert::parse(tenant)).collect()
}

/// A day's busiest tenants.
fn of_day(conn: &mut Connection, day: i64, limit: i64) -> Result<Vec<(String, i64)>, DbError> {
    let query = || {
        audit_days::table
            .filter(audit_days::day.eq(day))
            .filter(audit_days::tenant_id.ne(TenantId::INSTALLATION.to_string()))
            .select((audit_days::tenant_id, audit_days::entries))
            .order((audit_days::entries.desc(), audit_days::tenant_id.desc()))
            .limit(limit)
    };
    Ok(on_engine!(conn, c, _Db => query().load(c))?)
}

/// Tenants by their entries of all these days, of some or of all tenants.
fn summed(
    conn: &mut Connection,
    days: Days,
    tenants: Option<&BTreeSet<String>>,
    limit: i64,
) -> Result<Vec<(String, i64)>, DbError> {
    on_engine!(conn, c, Db => {
        let entries = sql::<BigInt>("CAST(SUM(entries) AS BIGINT)");
        let mut query = audit_days::table
            .filter(audit_days::day.between(days.first, days.last))
            .filter(audit_days::tenant_id.ne(TenantId::INSTALLATION.to_string()))
            .group_by(audit_days::tenant_id)
            .select((audit_days::tenant_id, entries))
            .into_boxed::<Db>();
        if let Some(tenants) = tenants {
            query = query.filter(audit_days::tenant_id.eq_any(tenants));
        }
        Ok(query
            .order((sql::<BigInt>("SUM(entries)").desc(), audit_days::tenant_id.asc()))
            .limit(limit)
            .load(c)?)
    })
}
