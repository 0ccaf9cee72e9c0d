//! `/tenants/{tenant_id}/secrets/api`.

mod create;
mod delete;
mod disable;
mod enable;
mod list;

pub use create::*;
pub use delete::*;
pub use disable::*;
pub use enable::*;
pub use list::*;
