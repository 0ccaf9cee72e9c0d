//! `/tenants/{tenant_id}/trust/preview` and `/tenants/{tenant_id}/radar`.

mod preview;
mod radar;

pub use preview::*;
pub use radar::*;
