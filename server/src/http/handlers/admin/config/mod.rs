//! `/tenants/{tenant_id}/config` and `/config/check`.

mod check;
mod put;

pub use check::*;
pub use put::*;
