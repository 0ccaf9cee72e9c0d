//! Software WebAuthn client and authenticator for `doorward probe`, tests and benchmarks.
//!
//! [`Client`] acts as a browser, and [`Authenticator`] acts as a passkey provider or security key. Both follow WebAuthn
//! Level 3. [`RegistrationParts`] and [`AssertionParts`] contain the data before signing, [`SignedRegistration`] and
//! [`SignedAssertion`] the data before sending. Tests can change every field to create invalid responses.
//!
//! ```text
//! options ─ Client::create_parts ─▶ RegistrationParts ─ sign ─▶ SignedRegistration ─ into_json ─▶ body
//!           Client::get_parts    ─▶ AssertionParts    ─ sign ─▶ SignedAssertion    ─ into_json ─▶ body
//! ```
//!
//! The crate uses aws-lc-rs and ciborium instead of a passkey library, because tests need control over every byte and
//! load tests need fast assertions (`cargo run --release -p doorward-authenticator --example cost`). Other tests use
//! browsers and the test vectors of the specification, to check that the server also accepts other implementations.
//!
//! The authenticator is not secure: private keys are kept in memory, and user verification is only a setting.

mod assertion;
mod authenticator;
mod authenticator_data;
pub mod cbor;
mod client;
mod client_data;
mod error;
mod export;
mod key;
mod options;
mod registration;
mod text;

pub use assertion::{AssertionParts, SignedAssertion};
pub use authenticator::{Attachment, Attestation, Authenticator, Counter, Credential};
pub use authenticator_data::{AttestedCredential, AuthenticatorData, flags};
pub use client::Client;
pub use client_data::ClientData;
pub use error::ClientError;
pub use key::{Algorithm, Key, fixed_signature};
pub use registration::{RegistrationParts, SignedRegistration, Statement, attestation_object};
pub use text::{base64url, from_base64url, sha256};
