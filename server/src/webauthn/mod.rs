//! WebAuthn: options for clients, and verification of their responses. Only this module uses webauthn-rs.
//!
//! The module does no I/O and reads neither the clock nor random numbers. Its interface exposes no types of
//! webauthn-rs. [`parse`] parses a request body, so that the caller can load the challenge and the credential that the
//! body names. [`verify`] then performs the checks of WebAuthn Level 3 §7.1 and §7.2.
//!
//! All checks are implemented here, and aws-lc verifies the signatures. webauthn-rs must also accept the attestation
//! statements that it supports. `webauthn_rs.rs` maps the errors of webauthn-rs to Doorward's errors, so that messages
//! of webauthn-rs never reach clients. Tests also verify assertions with webauthn-rs, and compare the results.
//!
//! The caller checks that the challenge exists and has not expired, and that the user handle belongs to the owner of
//! the credential.

mod attestation;
mod auth_data;
mod cbor;
mod certificate_path;
mod client_data;
mod cose;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod metadata_blob;
pub mod options;
pub mod parse;
mod rp_id;
mod statement;
mod trust;
pub mod verify;
mod webauthn_rs;

#[cfg(test)]
mod tests;

pub use auth_data::AuthenticatorExtensions;
pub use certificate_path::PathError;
pub use cose::imported_key;
pub use options::{CreationExtras, RequestExtras, creation_options, request_options, transaction_challenge};
pub use parse::{Malformed, ParsedAssertion, ParsedRegistration, parse_assertion, parse_registration};
pub use trust::judge_again;
pub use verify::{
    BACKUP_DOWNGRADED, VerificationError, VerifiedAssertion, VerifiedRegistration, backup_downgraded, check_counter,
    counter_regressed, verify_assertion, verify_registration,
};
