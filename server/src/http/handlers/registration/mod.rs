//! `/{tenant_id}/registration`.

pub mod finalize;
pub mod initialize;
