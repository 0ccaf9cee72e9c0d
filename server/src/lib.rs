//! Doorward's server: passkey registration, login, second factor and transaction confirmation for many tenants.
//!
//! The modules, from the outermost to the innermost. Each one depends only on modules below it in this list:
//!
//! * [`cli`]: the commands of the `doorward` binary; [`demo`], [`probe`]: two built-in clients of the public API
//!   that verify tokens with [`token_verifier`]
//! * [`config`]: settings from flags, environment variables and a file; [`telemetry`]: logging
//! * [`server`]: the servers of both APIs; [`routes`]: their route tables; [`http`]: extractors, middleware, handlers
//! * [`installation`]: data folder, master key, first admin token; [`jobs`]: background jobs;
//!   [`forwarding`]: sends the audit log to other systems
//! * [`service`]: one use case per file, with validation, a unit of work and an audit entry
//! * [`app`]: state that requests share, with [`metrics`], [`rate_limit`], [`stopwatch`] and [`untrusted_peers`]
//! * [`store`]: tables; [`transfer`]: copies an installation; [`backup`]: copies of the embedded database;
//!   [`crypto`]: key hashes, signing keys, the master key; [`webauthn`]: options and verification of ceremonies; no
//!   other module uses webauthn-rs
//! * [`db`]: units of work on SQLite or PostgreSQL
//! * [`traces`]: spans of requests and units of work for OpenTelemetry
//! * [`domain`]: types and rules without I/O: tenants, users, credentials, challenges, audit events
//! * [`net`]: connections of the listeners, with their limits and timeouts
//! * [`secret_file`]: creates files with secrets; [`clock`]: sources of time and randomness

// `eprintln!` panics if standard error is closed.
#![cfg_attr(not(test), deny(clippy::print_stderr))]

pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod db;
pub mod demo;
pub mod domain;
pub mod forwarding;
pub mod http;
pub mod import;
pub mod installation;
pub mod jobs;
pub mod metrics;
pub mod net;
pub mod probe;
pub mod rate_limit;
pub mod routes;
pub mod secret_file;
pub mod server;
pub mod service;
pub mod stopwatch;
pub mod store;
pub mod telemetry;
pub mod token_verifier;
pub mod traces;
pub mod transfer;
pub mod untrusted_peers;
pub mod webauthn;
