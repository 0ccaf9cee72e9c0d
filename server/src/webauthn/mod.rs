//! The only door to webauthn-rs: options for the client, and the verification of what it answers.
//!
//! Nothing here does I/O, reads the clock or makes randomness, and no type of webauthn-rs leaves the module.
//! A body takes two steps: [`parse`] reads it, so that the caller can look its challenge and credential up;
//! [`verify`] judges it (WebAuthn Level 3 §7.1, §7.2) against what the ceremony's first step asked for.
//!
//! Every check that needs no key is made here first, strictly and with a reason for people. webauthn-rs then judges
//! the whole response again and does the cryptography: two implementations must agree before anything is accepted.
//! Its errors are mapped to Doorward's codes in `library.rs`, and its words never leave the server.
//!
//! Whether the challenge exists and is still valid, and whether a user handle belongs to the credential's owner, is
//! the caller's to check.

mod attestation;
mod auth_data;
mod cbor;
mod client_data;
mod cose;
mod library;
pub mod options;
pub mod parse;
mod refusal;
pub mod verify;

#[cfg(test)]
mod tests;

pub use options::{ALGORITHMS, creation_options, request_options, transaction_challenge};
pub use parse::{Malformed, ParsedAssertion, ParsedRegistration, parse_assertion, parse_registration};
pub use verify::{Refusal, VerifiedAssertion, VerifiedRegistration, verify_assertion, verify_registration};
