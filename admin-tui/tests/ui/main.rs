//! Runs the terminal app's real loop with scripted keys against a fake server and a real one.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic here fails the test")]

mod activity;
mod appearance;
mod audit_entry;
mod audit_search;
mod bulk;
mod config;
mod connection_status;
mod contexts;
mod data;
mod disabling;
mod fake_server;
mod forms;
mod harness;
mod interaction;
mod live_log;
mod palette;
mod real_server;
mod report;
mod roles;
mod secrets;
mod selections;
mod snapshots;
mod sorting;
mod tasks;
mod trust;
mod untrusted_text;
