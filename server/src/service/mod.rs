//! One file per use case. Each use case validates the request and runs one unit of work, which writes the audit entry.
//!
//! This layer does not depend on HTTP: operations take and return plain values, and their errors are [`ServiceError`]s.

pub mod admin;
pub mod assertion;
mod assurance;
pub mod attestations;
pub mod audit;
pub mod audit_limit;
pub mod audit_logs;
mod audited;
pub mod auth;
mod ceremony;
pub mod credentials;
pub mod daily_counts;
pub mod error;
pub mod forwarding;
pub mod health;
pub mod key_usage;
pub mod metadata_cache;
pub mod pending_ceremonies;
pub mod probe_results;
pub mod readiness;
mod refusal_detail;
pub mod registration;
pub mod request_context;
pub mod scrape;
pub mod tenant_cache;
pub mod token;
pub mod token_redemption;
pub mod transactions;
mod trust;
mod user_lookup;
pub mod users;
pub mod validate;

pub use error::{Refusal, ServiceError};
pub use request_context::RequestContext;
