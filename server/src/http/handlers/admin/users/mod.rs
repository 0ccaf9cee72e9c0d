//! `/tenants/{tenant_id}/users` and `/tenants/{tenant_id}/user_summaries`.

mod delete;
mod delete_credential;
mod get;
mod list;
mod list_summaries;
pub mod selector;

pub use delete::*;
pub use delete_credential::*;
pub use get::*;
pub use list::*;
pub use list_summaries::*;
