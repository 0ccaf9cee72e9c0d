//! Backups of the embedded database: copies with a manifest, written by a command or on a schedule.

mod copy;
mod manifest;
mod schedule;

pub use self::{
    copy::{create, verify},
    manifest::{Manifest, path_of},
    schedule::{Plan, Scheduled},
};
