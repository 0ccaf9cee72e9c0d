//! A software WebAuthn client and authenticator, for `doorward probe`, tests and load.
//!
//! [`Client`] does what a browser does with a server's options, [`Authenticator`] what a passkey does. Their good path
//! follows WebAuthn Level 3. Below it, [`RegistrationParts`] and [`AssertionParts`] hold everything that is about to be
//! signed, and [`SignedRegistration`] and [`SignedAssertion`] everything that is about to be sent: all of it can be
//! altered, so a test can forge any response without building one by hand.
//!
//! ```text
//! options ─ Client::create_parts ─▶ RegistrationParts ─ sign ─▶ SignedRegistration ─ into_json ─▶ body
//!           Client::get_parts    ─▶ AssertionParts    ─ sign ─▶ SignedAssertion    ─ into_json ─▶ body
//! ```
//!
//! It is written on aws-lc-rs and ciborium rather than on a passkey library: forging wants every byte within reach, and
//! load wants the cheapest assertion (`cargo run --release -p doorward-authenticator --example cost`). That it agrees
//! with others is for real browsers and the specification's test vectors to show.
//!
//! Nothing here is a defence: keys lie in memory and user verification is a flag.

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
