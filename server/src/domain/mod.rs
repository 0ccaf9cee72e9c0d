//! Tenants, users, credentials, challenges and audit events: types and rules without I/O.

pub mod aaguid;
pub mod assurance;
pub mod attestation;
pub mod audit;
pub mod certificate_key_id;
pub mod challenge;
pub mod config_rules;
pub mod config_shape;
pub mod cors;
pub mod credential;
pub mod extensions;
pub mod import;
pub mod json;
pub mod json_reader;
pub mod key_format;
pub mod list;
pub mod master_key_origin;
pub mod metadata;
pub mod origin;
pub mod secret;
pub mod tenant;
pub mod transaction;
pub mod trust;
pub mod user;

pub use attestation::KeptAttestation;
pub use audit::{AuditEvent, RequestMeta};
pub use certificate_key_id::CertificateKeyId;
pub use challenge::{Ceremony, CeremonyState, Challenge, ChallengeValue};
pub use cors::CorsRules;
pub use credential::{Credential, CredentialId};
pub use import::{ImportOutcome, Tally};
pub use metadata::{AuthenticatorMetadata, Metadata};
pub use secret::{AdminToken, ApiKey, SecretDigest, SecretHash, SigningKeyRecord};
pub use tenant::{CeremonyPolicy, RelyingPartyPolicy, Tenant};
pub use transaction::Transaction;
pub use user::{User, UserSelector};
