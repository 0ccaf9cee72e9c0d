//! Doorward's server: passkey registration, login, second factor and transaction confirmation for many tenants.
//!
//! The crate map, outermost first; each module knows only those below it:
//!
//! * [`cli`]: the commands of the `doorward` binary; [`demo`], [`probe`]: two clients of the public API it brings along
//! * [`config`]: settings from flags, variables and a file
//! * [`store`]: units of work on SQLite or PostgreSQL; [`crypto`]: key hashes, signing keys, the master key;
//!   [`webauthn`]: the only door to webauthn-rs
//! * [`domain`]: tenants, users, credentials, challenges, audit events: types and rules, no I/O
//! * [`clock`]: where time and randomness enter

pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod demo;
pub mod domain;
pub mod probe;
pub mod store;
pub mod webauthn;
