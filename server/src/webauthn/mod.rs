//! The only door to webauthn-rs: options for the client, and the verification of what it answers.
//!
//! Nothing here does I/O, reads the clock or makes randomness, and no type of webauthn-rs leaves the module.
//! A body takes two steps: [`parse`] reads it, so that the caller can look its challenge and credential up;
//! [`verify`] judges it (WebAuthn Level 3 §7.1, §7.2) against what the ceremony's first step asked for.
//!
//! Every check is made here, strictly and with a reason for people; signatures are verified by aws-lc. webauthn-rs then
//! judges a registration again as a whole, with its attestation statement: two implementations must agree before a
//! credential is accepted. Its errors are mapped to Doorward's codes in `webauthn_rs.rs`, and its words never leave the
//! server. Assertions are judged here alone, as each login waits for them; the tests hold these verdicts against webauthn-rs's.
//!
//! Whether the challenge exists and is still valid, and whether a user handle belongs to the credential's owner, is
//! the caller's to check.

mod attestation;
mod auth_data;
mod cbor;
mod client_data;
mod cose;
mod error;
pub mod options;
pub mod parse;
pub mod verify;
mod webauthn_rs;

#[cfg(test)]
mod tests;

pub use options::{ALGORITHMS, creation_options, request_options, transaction_challenge};
pub use parse::{Malformed, ParsedAssertion, ParsedRegistration, parse_assertion, parse_registration};
pub use verify::{
    BACKUP_DOWNGRADED, VerificationError, VerifiedAssertion, VerifiedRegistration, counter_advances, verify_assertion,
    verify_registration,
};
