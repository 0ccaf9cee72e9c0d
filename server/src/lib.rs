//! Doorward's server: passkey registration, login, second factor and transaction confirmation for many tenants.
//!
//! The crate map, outermost first; each module knows only those below it:
//!
//! * [`clock`]: where time and randomness enter
//! * [`domain`]: tenants, users, credentials, challenges, audit events: types and rules, no I/O
pub mod clock;
pub mod domain;
