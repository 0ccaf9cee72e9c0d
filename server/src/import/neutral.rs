//! The neutral format: a tenant as JSON lines, for moves between installations and from other systems.
//! `docs/migrating.md` defines it.

mod export;
mod format;
mod load;
mod reader;

pub use self::{
    export::export,
    format::{CredentialLine, FORMAT, Line, TenantLine, TransactionLine, UserLine, VERSION},
    load::{Target, load},
    reader::{FileError, MAX_LINE_BYTES},
};
