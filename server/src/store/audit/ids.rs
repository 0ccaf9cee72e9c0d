//! Ids of entries: UUIDs of version 7 in the order of commit.
//!
//! The first 60 bits of an id are a time in ticks of 1/4096 ms (RFC 9562, section 6.2, method 3), the rest is random. On
//! SQLite the write lock is held while an id is made, so a reader never meets a smaller id later. On PostgreSQL the server
//! makes the id (`new_audit_id` in the migration), and readers stop at a [`Horizon`].

use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use doorward_shared::{AuditId, Timestamp};
use uuid::Uuid;

use super::super::{Connection, DbError};
use crate::{db::cached_sql::CachedSql, domain::audit::Horizon};

const TICK_BITS: u32 = 12;
/// Sorts after the text of every id.
pub(super) const ABOVE_ALL: &str = "g";

/// Returns a prefix that sorts after the ids of earlier times and before the ids from `at` on.
pub(super) fn first_id(at: Timestamp) -> String {
    let millis = u64::try_from(at.millis()).unwrap_or(0).min((1 << 48) - 1);
    prefix(millis << TICK_BITS)
}

fn prefix(ticks: u64) -> String {
    let digits = format!("{ticks:015x}");
    let (head, fraction) = digits.split_at(12);
    let (high, low) = head.split_at(8);
    format!("{high}-{low}-7{fraction}")
}

fn ticks(id: AuditId) -> u64 {
    let (high, _) = id.uuid().as_u64_pair();
    (high >> 16) << TICK_BITS | high & ((1 << TICK_BITS) - 1)
}

/// Returns an id of the time `at`, or directly after `newest` where that is later.
pub(super) fn next(newest: Option<AuditId>, at: Timestamp, random: u64) -> AuditId {
    let now = u64::try_from(at.millis()).unwrap_or(0) << TICK_BITS;
    let ticks = now.max(newest.map_or(0, |newest| ticks(newest) + 1));
    let (millis, fraction) = (ticks >> TICK_BITS, ticks & ((1 << TICK_BITS) - 1));
    let high = millis << 16 | 0x7 << TICK_BITS | fraction;
    AuditId::new(Uuid::from_u64_pair(high, variant(random)))
}

/// Returns the last 17 characters of an id with these random bits.
pub(super) fn tail(random: u64) -> String {
    let digits = format!("{:016x}", variant(random));
    let (clock, node) = digits.split_at(4);
    format!("{clock}-{node}")
}

const fn variant(random: u64) -> u64 {
    0b10 << 62 | random >> 2
}

/// Returns the present horizon, or whether transactions that delay an earlier one still run; `None` where readers need none
/// (SQLite). The page must be read in a later transaction.
///
/// A transaction gets its transaction id before it makes an id above every committed one. So an id up to the newest one
/// that is not visible yet belongs to a transaction that is listed with a transaction id.
pub fn horizon(conn: &mut Connection, earlier: Option<Horizon>) -> Result<Option<Horizon>, DbError> {
    let Connection::Postgres(c) = conn else { return Ok(None) };
    let (newest, read_at) = match earlier {
        Some(earlier) => (earlier.newest, earlier.read_at),
        None => {
            let newest = CachedSql::<Text>::new("SELECT id FROM audit_logs ORDER BY id DESC LIMIT 1");
            let newest: Option<String> = newest.get_result(c).optional()?;
            let clock = "SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 4096000) AS BIGINT)";
            (newest.unwrap_or_default(), CachedSql::<BigInt>::new(clock).get_result(c)?)
        }
    };
    let running = "SELECT CAST(floor(extract(epoch FROM xact_start) * 4096000) AS BIGINT) FROM pg_stat_activity \
                   WHERE datname = current_database() AND backend_xid IS NOT NULL AND xact_start IS NOT NULL \
                   ORDER BY xact_start LIMIT 1";
    let oldest = CachedSql::<BigInt>::new(running).get_result(c).optional()?;
    Ok(Some(Horizon { newest, read_at, oldest }))
}

/// Returns an id above those that a read may return.
pub(super) fn end(horizon: &Horizon) -> String {
    let newest = format!("{}+", horizon.newest);
    match horizon.oldest {
        Some(oldest) if !horizon.is_final() => newest.min(prefix(u64::try_from(oldest).unwrap_or(0))),
        _ => newest,
    }
}
