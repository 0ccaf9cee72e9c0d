//! The binary, as operators and scripts run it, against a real server.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a failed test")]
#![expect(clippy::indexing_slicing, reason = "what is missing is a failed test")]

mod access;
mod audit;
mod connection;
mod export;
mod follow;
mod hostile;
mod secrets;
mod support;
mod tenants;
mod tls;
mod users;
