//! The running binary: attacks by clients without a key, refused commands, faults of the database, signals and system
//! limits.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a panic fails the test")]

mod attacks;
mod commands;
mod counter;
mod faults;
mod outputs;
mod signals;
mod support;
mod tls;
mod traces;
mod unix_socket;
