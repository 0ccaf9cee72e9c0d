//! What the tests of the workspace share: a server each, people with authenticators, spoilt bodies; and what
//! `doorward-seed`, `doorward-load` and `doorward-figures` are made of.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: what fails here is a failed test"
)]

pub mod audit;
pub mod ceremony;
pub mod clock;
pub mod database;
pub mod figures;
pub mod http;
pub mod load;
pub mod mutations;
pub mod openapi;
pub mod postgres;
pub mod process;
pub mod second_opinion;
pub mod seed;
pub mod server;

pub use audit::{Row, audit};
pub use ceremony::{Person, claims};
pub use http::{Answer, Http, names};
pub use postgres::PostgresServer;
pub use process::Process;
pub use server::{ORIGIN, RP_ID, TestServer, TestTenant, config};
