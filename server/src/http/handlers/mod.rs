//! One folder per resource, one file per verb. A handler extracts arguments, authorises, calls a service and responds.
//!
//! A resource with a single verb is a single file.

pub mod admin;
pub mod audit_export;
pub mod audit_filter;
pub mod audit_logs;
pub mod credentials;
pub mod docs;
pub mod health;
pub mod jwks;
pub mod login;
pub mod mfa;
pub mod registration;
pub mod related_origins;
pub mod status;
pub mod token;
pub mod transaction;
pub mod users;
