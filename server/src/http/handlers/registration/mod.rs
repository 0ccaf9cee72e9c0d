//! Passkey registrations: `/{tenant_id}/registration`.

mod finalize;
mod initialize;

pub use finalize::*;
pub use initialize::*;
