//! Tests of the tables. They run on SQLite and, if there is a test server (see [`crate::db::tests`]), on PostgreSQL.

mod attestations;
mod audit;
mod ceremony_steps;
mod challenges;
mod credentials;
mod fixture;
mod isolation;
mod keys;
mod plans;
mod schema;
mod search;
mod secrets;
mod tenant_summaries;
mod tenants;
mod transactions;
mod transfer;
mod trust;
mod users;

use crate::db::tests::{harness, on_every_engine};
