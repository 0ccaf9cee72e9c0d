//! `/{tenant_id}/login`.

pub mod finalize;
pub mod initialize;
