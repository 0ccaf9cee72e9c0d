//! One use case per file: the rules of an operation, one unit of work, its audit row inside.
//!
//! Nothing here knows HTTP: operations take values, answer values, and refuse with [`Failure`].

pub mod admin;
pub mod assertion;
pub mod audit;
pub mod audit_logs;
pub mod auth;
pub mod begun;
pub mod call;
pub mod credentials;
pub mod error;
pub mod key_usage;
pub mod registration;
pub mod settling;
pub mod snapshot;
pub mod token;
pub mod transactions;
pub mod validate;

pub use call::Call;
pub use error::{Failure, Refusal};
