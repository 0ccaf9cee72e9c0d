//! `/tenants` and beside it: the admin API.

pub mod admin_tokens;
pub mod api_keys;
pub mod audit_logs;
pub mod config;
pub mod docs;
pub mod me;
pub mod metrics;
pub mod overview;
pub mod signing_keys;
pub mod tenant;
pub mod tenants;
pub mod transactions;
pub mod user_credentials;
pub mod user_summaries;
pub mod users;

use crate::{
    http::{ApiError, Operation},
    service::{Refusal, ServiceError},
};

/// The words for a failure on this API.
fn failed(failure: ServiceError) -> ApiError {
    ApiError::of(Operation::Other, failure)
}

/// The words for a body that cannot be read.
fn refused(refusal: Refusal) -> ApiError {
    failed(refusal.into())
}
