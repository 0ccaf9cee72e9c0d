//! `/tenants`.

mod create;
mod delete;
mod disable;
mod enable;
mod get;
mod list;
mod put;

pub use create::*;
pub use delete::*;
pub use disable::*;
pub use enable::*;
pub use get::*;
pub use list::*;
pub use put::*;
