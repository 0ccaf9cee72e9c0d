//! The commands of the `doorward` binary.

pub mod args;
pub mod expiry;
