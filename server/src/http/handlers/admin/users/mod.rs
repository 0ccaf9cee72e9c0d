//! `/tenants/{tenant_id}/users` and `/tenants/{tenant_id}/user_summaries`.

mod delete;
mod delete_credential;
mod disable;
mod disable_credential;
mod enable;
mod enable_credential;
mod get;
mod list;
mod list_summaries;
pub mod selector;

pub use delete::*;
pub use delete_credential::*;
pub use disable::*;
pub use disable_credential::*;
pub use enable::*;
pub use enable_credential::*;
pub use get::*;
pub use list::*;
pub use list_summaries::*;
