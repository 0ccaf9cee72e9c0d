//! Tests of the `doorward-admin` subcommands against a real server.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic fails the test")]
#![expect(clippy::indexing_slicing, reason = "a panic fails the test")]

mod access;
mod apply;
mod audit;
mod connection;
mod doctor;
mod documents;
mod exit_codes;
mod explain;
mod export;
mod follow;
mod secrets;
mod stable_names;
mod support;
mod tenants;
mod tls;
mod trust;
mod untrusted_text;
mod users;
