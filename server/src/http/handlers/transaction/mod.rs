//! `/{tenant_id}/transaction`.

pub mod finalize;
pub mod initialize;
pub mod list;
