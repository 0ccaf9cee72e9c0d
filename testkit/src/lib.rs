//! What the tests of the workspace share: a server each, people with authenticators, spoilt bodies.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: what fails here is a failed test"
)]

pub mod ceremony;
pub mod clock;
pub mod database;
pub mod http;
pub mod mutations;
pub mod server;

pub use ceremony::{Person, audit, claims};
pub use http::{Answer, Http};
pub use server::{ORIGIN, RP_ID, TestServer, TestTenant};
