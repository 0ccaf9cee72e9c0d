//! Passkey logins: `/{tenant_id}/login`.

mod finalize;
mod initialize;

pub use finalize::*;
pub use initialize::*;
