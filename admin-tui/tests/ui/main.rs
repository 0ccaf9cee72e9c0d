//! The terminal app through its real loop, with scripted keys, against a server that is not there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: what fails here is a failed test"
)]

mod config;
mod data;
mod fake;
mod feel;
mod flows;
mod harness;
mod hostile;
mod link;
mod real;
mod roles;
mod secrets;
mod snapshots;
mod tail;
