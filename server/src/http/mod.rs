//! HTTP: extract, call a service, answer. The only place besides the wiring that knows actix-web.

pub mod error;
pub mod extract;
pub mod handlers;
pub mod json;
pub mod middleware;
pub mod openapi;
pub mod pages;

pub use error::{ApiError, Operation};
