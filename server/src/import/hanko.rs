//! Imports the tenants of a Hanko passkey server, release 1.x, from its PostgreSQL database.
//!
//! All reads see one snapshot: a read-only transaction at REPEATABLE READ. Large tables are read with cursors, so
//! memory use does not depend on their size. Every row is added or updated by its id, so an import that continues or
//! repeats an earlier import writes only the differences. If the source no longer contains the id of a row that an
//! earlier import wrote, the row was deleted in the source.

mod config;
mod history;
mod owned_rows;
mod rows;
mod run;
mod secrets;
mod session;
mod source;
mod tenants;

pub use self::{
    run::run,
    session::{ImportError, Options},
    source::SourceError,
};
