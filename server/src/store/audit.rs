//! The audit log: append-only entries, ordered by id. A list with a filter examines at most [`EXAMINED`] entries per
//! call. If a call stops before the end of the log, it returns a cursor for the next call.

mod entry;
mod ids;
mod list;
mod retention;
mod scan;
mod skew;

pub(super) use self::entry::new_columns;
#[cfg(test)]
pub(super) use self::scan::NEWEST_OF_ACTOR;
pub use self::{
    entry::{count, hold, import, insert},
    ids::{OpenWriters, imported as imported_id, open_writers},
    list::{busiest, page, slice, total},
    retention::{Purged, purge, purge_up_to},
};
pub use crate::domain::audit::{Activity, Days, EXAMINED};
