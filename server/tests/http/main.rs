//! Both APIs over real sockets, with software authenticators. The folders mirror the paths. `ceremony/` tests the rules
//! of all five ceremonies, and the files beside the folders test the rules of all endpoints.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy's allowances for tests do not reach their helpers"
)]

mod access;
mod admin;
mod audit_logs;
mod broken;
mod ceremony;
mod connections;
mod cors;
mod credentials;
mod headers;
mod hostile;
mod import;
mod limits;
mod login;
mod metrics;
mod mfa;
mod mutated;
mod neutral_format;
mod processes;
mod proxies;
mod rate_limits;
mod registration;
mod related_origins;
mod request_id;
mod support;
mod token;
mod tokens;
mod transaction;
mod trust;
mod users;
