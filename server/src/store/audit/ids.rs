//! Ids of entries: UUIDs of version 7 in the order of commit. An id begins with a time of 60 bits in units of 1/4096 ms
//! (RFC 9562, section 6.2, method 3). On SQLite there is one writer, so ids only increase. On PostgreSQL the database
//! server makes the ids (`new_audit_ticks` and `audit_id` in the migration). Transactions run in parallel there, so
//! readers return only entries up to a [`Horizon`].

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    sql_types::{BigInt, Nullable, Text},
};
use doorward_shared::{AuditId, Timestamp};
use uuid::Uuid;

use super::super::{Connection, DbError};
use crate::{db::cached_sql::CachedSql, domain::audit::Horizon};

const TICK_BITS: u32 = 12;
/// Key ("audit" in ASCII) of the writer lock, an advisory lock that `new_audit_ticks` takes once per transaction.
const WRITER_LOCK: i64 = 0x61_7564_6974;
/// Mask of the bits of an id that hold the number of the counter shard. The number of shards is a power of two.
const SHARD_BITS: u16 = crate::db::COUNTER_SHARDS as u16 - 1;
/// A text that sorts after every id.
pub(super) const ABOVE_ALL: &str = "g";

/// Returns a prefix that sorts after all ids with a time before `at`, and before all ids with the time `at` or a later
/// time.
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

/// Returns an id with the time `at`. If `newest` has the same or a later time, returns an id with the next time after
/// that of `newest`.
pub(super) fn next(newest: Option<AuditId>, at: Timestamp, random: u64) -> AuditId {
    let now = u64::try_from(at.millis()).unwrap_or(0) << TICK_BITS;
    let ticks = now.max(newest.map_or(0, |newest| ticks(newest) + 1));
    let (millis, fraction) = (ticks >> TICK_BITS, ticks & ((1 << TICK_BITS) - 1));
    let high = millis << 16 | 0x7 << TICK_BITS | fraction;
    AuditId::new(Uuid::from_u64_pair(high, variant(random)))
}

/// Returns the id for an imported entry of another system's log. `micros` is the entry's time in microseconds. The same
/// time and random bits give the same id, so that an entry is imported only once.
pub fn imported(micros: i64, random: u64) -> AuditId {
    let micros = u64::try_from(micros).unwrap_or(0);
    let (millis, rest) = (micros / 1000, micros % 1000);
    let high = millis << 16 | 0x7 << TICK_BITS | ((rest << TICK_BITS) / 1000);
    AuditId::new(Uuid::from_u64_pair(high, variant(random)))
}

/// Returns the last 17 characters of an id, which contain the given random bits. The last three bits are `shard`, the
/// number of the counter shard to which the connection adds.
pub(super) fn tail(random: u64, shard: i16) -> String {
    let shard = u64::from(shard.unsigned_abs() & SHARD_BITS);
    let digits = format!("{:016x}", variant(random) & !u64::from(SHARD_BITS) | shard);
    let (clock, node) = digits.split_at(4);
    format!("{clock}-{node}")
}

const fn variant(random: u64) -> u64 {
    0b10 << 62 | random >> 2
}

/// The newest visible id on PostgreSQL, and the transactions that may still commit smaller ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenWriters {
    newest: String,
    /// For each transaction that holds the writer lock: the time in the newest id that it read after taking the lock
    /// (in units of 1/4096 ms); `None` if it has not read an id yet.
    writers: BTreeMap<String, Option<i64>>,
}

impl OpenWriters {
    /// Returns the horizon: the newest id, or a limit below every id that an open transaction may still commit.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        let newest = format!("{}+", self.newest);
        if self.writers.is_empty() {
            return Horizon { end: newest, is_newest: true };
        }
        let first = |read: &Option<i64>| read.map_or(0, |read| u64::try_from(read).unwrap_or(0) + 1);
        let below = prefix(self.writers.values().map(first).min().unwrap_or(0));
        Horizon { end: below.min(newest), is_newest: false }
    }
}

/// Returns the newest id and the transactions that may still commit a smaller id; `None` on SQLite. If `earlier` is
/// given, returns its newest id and those of its transactions that are still open. The caller must read entries in a
/// later transaction. `new_audit_ticks` takes the writer lock, reads the newest committed id, and makes larger ids. A
/// transaction that takes the lock after the locks were listed therefore makes an id above `newest`. A transaction that
/// took the lock earlier is listed, or its entries are already visible.
pub fn open_writers(conn: &mut Connection, earlier: Option<&OpenWriters>) -> Result<Option<OpenWriters>, DbError> {
    let Connection::Postgres(c, _) = conn else { return Ok(None) };
    let query = CachedSql::<Text>::new("SELECT id FROM audit_logs ORDER BY id DESC LIMIT 1");
    let newest = match earlier {
        Some(earlier) => earlier.newest.clone(),
        None => query.get_result(c).optional()?.unwrap_or_default(),
    };
    // The locks are read after the newest id: PostgreSQL lists the locks at the time of the query, not at the time of
    // the snapshot.
    let holders = "SELECT virtualtransaction, \
                   MIN(CASE WHEN objsubid = 2 THEN CAST(classid AS BIGINT) << 32 | CAST(objid AS BIGINT) END) \
                   FROM pg_locks WHERE locktype = 'advisory' AND granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                   GROUP BY virtualtransaction \
                   HAVING bool_or(objsubid = 1 AND CAST(classid AS BIGINT) = ? AND CAST(objid AS BIGINT) = ?)";
    let query = CachedSql::<(Text, Nullable<BigInt>)>::new(holders);
    let query = query.bind(WRITER_LOCK >> 32).bind(WRITER_LOCK & 0xffff_ffff);
    let mut writers: BTreeMap<String, Option<i64>> = query.load(c)?.into_iter().collect();
    if let Some(earlier) = earlier {
        writers.retain(|writer, _| earlier.writers.contains_key(writer));
    }
    Ok(Some(OpenWriters { newest, writers }))
}
