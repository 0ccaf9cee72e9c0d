//! The admin API.

pub mod admin_tokens;
pub mod api_keys;
pub mod audit_logs;
pub mod config;
pub mod mds;
pub mod me;
pub mod metrics;
pub mod overview;
pub mod signing_keys;
pub mod tenants;
pub mod transactions;
pub mod trust;
pub mod users;
pub mod vitals;
