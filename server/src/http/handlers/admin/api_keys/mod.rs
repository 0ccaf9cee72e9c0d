//! `/tenants/{tenant_id}/secrets/api`.

mod create;
mod delete;
mod list;

pub use create::*;
pub use delete::*;
pub use list::*;
