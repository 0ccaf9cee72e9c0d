//! `/{tenant_id}/credentials`.

mod delete;
mod get;
mod list;
mod patch;

pub use delete::*;
pub use get::*;
pub use list::*;
pub use patch::*;
