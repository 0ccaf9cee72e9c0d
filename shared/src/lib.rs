//! Types shared by Doorward's server, its terminal app and its tests.
//!
//! Contains ids, times, error codes, audit entry types, pages, and the wire types of the public API ([`public`]) and
//! the admin API ([`admin`]). The feature `command-line` adds the parts of the command line that both binaries share
//! (`command_line`). This crate reads no clock and depends on no database.

#[macro_use]
mod text_enum;

pub mod admin;
mod attestation;
pub mod audit;
pub mod bytes;
#[cfg(feature = "command-line")]
pub mod command_line;
pub mod config;
mod cose_algorithm;
mod counted;
pub mod environment;
pub mod error;
pub mod extensions;
pub mod ids;
pub mod key_format;
pub mod origin;
pub mod page;
pub mod public;
pub mod refusal;
pub mod time;

pub use attestation::{AttestationTrust, AuthenticatorStatus, CertificationLevel};
pub use audit::AuditType;
pub use bytes::Base64Url;
pub use cose_algorithm::CoseAlgorithm;
pub use counted::counted;
pub use error::{ErrorBody, ErrorCode};
pub use ids::{AdminTokenId, ApiKeyId, AuditId, SigningKeyId, TenantId, TransactionRowId, UserId};
pub use time::Timestamp;
