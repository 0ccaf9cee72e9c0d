//! One use case per file: the rules of an operation, one unit of work, its audit row inside.
//!
//! Nothing here knows HTTP: operations take values, answer values, and refuse with [`ServiceError`].

pub mod admin;
pub mod assertion;
pub mod audit;
pub mod audit_logs;
pub mod auth;
pub mod credentials;
pub mod daily_counts;
pub mod error;
pub mod key_usage;
pub mod pending_ceremonies;
pub mod registration;
pub mod request_context;
pub mod tenant_cache;
pub mod token;
pub mod transactions;
pub mod validate;

pub use error::{Refusal, ServiceError};
pub use request_context::RequestContext;
