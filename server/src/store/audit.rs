//! The audit log: append-only entries in the order of their ids, read by one bounded scan.
//!
//! - [`insert`] gives an entry its id, in the order of commit, and counts it in the same transaction.
//! - [`page`], [`slice`](fn@slice) and [`latest`] examine at most [`EXAMINED`] entries per call, on both engines, and return a cursor
//!   when they stopped before the end of the log.
//! - Totals are exact where the counters by tenant, UTC day and type suffice, and lower bounds elsewhere.
//! - [`purge`] deletes old entries in bounded units.

mod counts;
mod entry;
mod ids;
mod list;
mod retention;
mod scan;
mod skew;

pub use self::{
    counts::{activity_by_day, activity_of_tenants, sums_by_day},
    entry::insert,
    ids::{OpenWriters, open_writers},
    list::{busiest, latest, page, slice, total},
    retention::{Purged, delete_left, delete_log, purge},
};
pub use crate::domain::audit::{Activity, Days, EXAMINED};
