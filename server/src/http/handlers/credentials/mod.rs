//! `/{tenant_id}/credentials`.

pub mod delete;
pub mod get;
pub mod list;
pub mod patch;
