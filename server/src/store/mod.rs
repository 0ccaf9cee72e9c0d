//! The tables. Each table has one file with functions, which take a [`Connection`] and usually a tenant id.
//!
//! The functions run inside a unit of work of [`crate::db`]. This module starts no thread and opens no connection.

mod bounded_search;
mod row_convert;
mod schema;
mod text_match;

pub mod admin_tokens;
pub mod api_keys;
pub mod attestations;
pub mod audit;
pub mod audit_counts;
pub mod ceremony_steps;
pub mod challenges;
pub mod credentials;
pub mod expired_rows;
pub mod forwarding;
pub mod installation;
pub mod inventory;
pub mod kept_logs;
pub mod metadata;
pub mod redeemed_tokens;
pub mod signing_keys;
pub mod state;
pub mod tenant_activity;
pub mod tenant_summaries;
pub mod tenants;
pub mod transactions;
pub mod trust;
pub mod users;

#[cfg(test)]
mod tests;

use crate::db::{Connection, DbError, Engine, on_engine};
