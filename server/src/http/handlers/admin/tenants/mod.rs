//! `/tenants`.

mod create;
mod delete;
mod get;
mod list;
mod put;

pub use create::*;
pub use delete::*;
pub use get::*;
pub use list::*;
pub use put::*;
