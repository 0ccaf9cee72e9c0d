//! Client of the admin API: one method per endpoint, with the wire types of `doorward-shared`.
//!
//! [`Api`] is cheap to clone. Dropping the future of a method cancels its request. Every failure is an [`ApiError`] with
//! a message for users.

mod audit;
mod client;
mod error;
mod export;
mod file;
mod installation;
mod request;
mod secrets;
pub mod tail;
mod tenants;
mod token;
mod users;

pub use audit::{AUDIT_PAGE_SIZE, AuditPage, AuditPosition, AuditQuery};
pub use client::{Api, ClientError, Endpoint, is_loopback};
pub use error::ApiError;
pub use export::{ExportFormat, ExportStream, Progress, Total};
pub use file::{ExportError, OnExisting, export_to_file};
pub use tail::Tail;
pub use tenants::{TenantQuery, TenantSummaryQuery};
pub use token::{InvalidToken, Token};
pub use users::UserQuery;
