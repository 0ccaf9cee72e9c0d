//! Doorward's server: passkey registration, login, second factor and transaction confirmation for many tenants.
//!
//! The crate map, outermost first; each module knows only those below it:
//!
//! * [`cli`]: the commands of the `doorward` binary; [`demo`], [`probe`]: two clients of the public API it brings along
//! * [`config`]: settings from flags, variables and a file; [`telemetry`]: the log
//! * [`server`]: listens; [`routes`]: the table of both APIs; [`http`]: extract, call, answer
//! * [`installation`]: data folder, master key, first admin token; [`jobs`]: what happens beside the requests
//! * [`service`]: one use case per file: rules, one unit of work, audit inside
//! * [`app`]: what requests share; [`metrics`], [`rate_limit`], [`stopwatch`]: its small parts
//! * [`store`]: units of work on SQLite or PostgreSQL; [`crypto`]: key hashes, signing keys, the master key;
//!   [`webauthn`]: the only door to webauthn-rs
//! * [`domain`]: tenants, users, credentials, challenges, audit events: types and rules, no I/O
//! * [`clock`]: where time and randomness enter

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod db;
pub mod demo;
pub mod domain;
pub mod http;
pub mod installation;
pub mod jobs;
pub mod metrics;
pub mod probe;
pub mod rate_limit;
pub mod routes;
pub mod server;
pub mod service;
pub mod stopwatch;
pub mod store;
pub mod telemetry;
pub mod transfer;
pub mod webauthn;
