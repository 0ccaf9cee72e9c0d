//! The difference between the time in an entry's id and its `created_at`. Time filters must allow for it, because
//! clocks can step back and PostgreSQL uses its own clock for ids. Differences above [`SLACK`] are rare and are stored.

use diesel::prelude::*;
use doorward_shared::{AuditId, Timestamp};

use super::{
    super::{
        Connection, DbError, installation, on_engine, row_convert,
        schema::installation::{name, table, value},
    },
    ids::first_id,
};

/// Difference in milliseconds that every time filter allows for.
const SLACK: i64 = 5_000;
/// Unit in milliseconds. Differences are rounded up to full minutes, and [`Skew::until`] to full hours. While the
/// difference is constant, only `until` changes, and it is written only once an hour.
const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;
const LEAD: &str = "audit_id_lead_ms";
const LAG: &str = "audit_id_lag_ms";
const UNTIL: &str = "audit_id_skew_until_ms";

/// The recorded differences, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skew {
    /// Largest time by which an id is ahead of `created_at`.
    lead: i64,
    /// Largest time by which `created_at` is ahead of an id.
    lag: i64,
    /// Time in milliseconds since 1970. Ids with a later time differ from their `created_at` by at most [`SLACK`].
    until: i64,
}

impl Skew {
    pub(super) fn load(conn: &mut Connection) -> Result<Self, DbError> {
        let query = || table.filter(name.eq_any([LEAD, LAG, UNTIL])).select((name, value));
        let rows: Vec<(String, String)> = on_engine!(conn, c, _Db => query().load(c))?;
        let mut skew = Self::default();
        for (key, number) in rows {
            let number = row_convert::parse(&number)?;
            match key.as_str() {
                LEAD => skew.lead = number,
                LAG => skew.lag = number,
                _ => skew.until = number,
            }
        }
        Ok(skew)
    }

    /// Returns an id that is smaller than the ids of all entries created at `start` or later.
    pub(super) fn lower(self, start: Timestamp) -> String {
        let lagging = start.millis().saturating_sub(self.lag.max(SLACK));
        let usual = start.millis().saturating_sub(SLACK);
        first_id(Timestamp::from_millis(if self.until >= lagging { lagging } else { usual }))
    }

    /// Returns an id that is larger than the ids of all entries created before `end`.
    pub(super) fn upper(self, end: Timestamp) -> String {
        let leading = end.millis().saturating_add(self.lead).min(self.until.saturating_add(1));
        let usual = end.millis().saturating_add(SLACK);
        first_id(Timestamp::from_millis(usual.max(leading)))
    }
}

/// Stores the difference between the time in the id and `created_at` of a new entry, if it exceeds [`SLACK`].
pub(super) fn record(conn: &mut Connection, id: AuditId, created_at: Timestamp) -> Result<(), DbError> {
    let lead = id.time().millis().saturating_sub(created_at.millis());
    if lead.abs() <= SLACK {
        return Ok(());
    }
    let known = Skew::load(conn)?;
    // All transactions write the values in the same order, so that they do not deadlock.
    for (key, number, recorded) in [(LEAD, lead, known.lead), (LAG, -lead, known.lag)] {
        if number > recorded {
            installation::raise(conn, key, (number / MINUTE + 1) * MINUTE)?;
        }
    }
    let time = id.time().millis();
    if time > known.until { installation::raise(conn, UNTIL, (time / HOUR + 1) * HOUR).map(drop) } else { Ok(()) }
}
