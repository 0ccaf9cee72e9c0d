//! The audit log: append-only entries, ordered by id. A list with a filter examines at most [`EXAMINED`] entries per
//! call. If a call stops before the end of the log, it returns a cursor for the next call.

mod counts;
mod entry;
mod ids;
mod list;
mod recent;
mod retention;
mod scan;
mod skew;

pub(super) use self::entry::{columns, new_entry, new_values};
pub use self::{
    counts::{CountedTo, activity_by_day, activity_of_tenants, count_some, sums_by_day, totals_by_type},
    entry::{count, insert},
    ids::{OpenWriters, open_writers},
    list::{busiest, page, slice, total},
    recent::{EntryGroup, active_users, newest_by_code},
    retention::{Purged, purge},
};
pub use crate::domain::audit::{Activity, Days, EXAMINED};
