//! Test harness of the workspace: servers, users with authenticators, an HTTP client, malformed ceremony bodies,
//! databases, an OpenAPI checker, a reference verifier and a reader of source files. Each test has its own server.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a panic is a failed test"
)]

pub mod audit;
pub mod breaking_proxy;
pub mod ceremony;
pub mod clock;
pub mod counting_proxy;
pub mod database;
pub mod generated_documents;
pub mod http;
pub mod mds;
pub mod mutations;
pub mod openapi;
pub mod pgbouncer;
pub mod postgres;
pub mod process;
pub mod reference_verifier;
pub mod server;
pub mod sharding;
pub mod sources;
mod wait;

pub use audit::{AuditEntry, newest_events};
pub use ceremony::{Person, claims};
pub use generated_documents::check_generated_documents;
pub use http::{Http, Response, member_names};
pub use pgbouncer::PgBouncer;
pub use postgres::PostgresServer;
pub use process::Process;
pub use server::{ORIGIN, RP_ID, TestServer, TestTenant, config};
pub use wait::{until, until_within};
