//! `/tenants/{tenant_id}/secrets/jwk`.

mod create;
mod delete;
mod list;

pub use create::*;
pub use delete::*;
pub use list::*;
