//! Client of the admin API: one method per endpoint, with the wire types of `doorward-shared`.
//!
//! [`Api`] is cheap to clone. Dropping the future of a method cancels its request. Every failure is an
//! [`ApiError`] with a message for users.

mod audit;
mod client;
mod disabling;
mod endpoints;
mod error;
mod export;
mod file;
mod request;
pub mod tail;
mod tenant_names;
mod tenant_report;
mod token;
mod trust;

pub use audit::{AUDIT_PAGE_SIZE, AuditPage, AuditPosition, AuditQuery};
pub use client::{Api, ClientError, Endpoint, is_loopback, socket_path};
pub use disabling::DisableTarget;
pub use endpoints::{TenantSummaryQuery, UserQuery, UserRef, VersionedTenant};
pub use error::ApiError;
pub use export::{ExportFormat, ExportStream, Progress, Total};
pub use file::{ExportError, OnExisting, export_to_file};
pub use tail::Tail;
pub use tenant_names::FoundTenant;
pub use tenant_report::{REPORT_DAYS, TenantReport};
pub use token::{InvalidToken, Token};
