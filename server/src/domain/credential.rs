//! Registered credentials.

use doorward_shared::{Base64Url, TenantId, Timestamp, UserId};
use uuid::Uuid;

/// A credential's id as the authenticator chose it: 1 to 1023 bytes (WebAuthn §4).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    /// The most bytes an id may have.
    pub const MAX_BYTES: usize = 1023;

    /// Takes the bytes of an id; `None` when there are none or too many.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=Self::MAX_BYTES).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// Reads an id from base64url text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Base64Url::decode(text).ok().and_then(|bytes| Self::new(bytes.0))
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for CredentialId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Base64Url::encode(&self.0))
    }
}

impl std::fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CredentialId({self})")
    }
}

/// A registered credential: what verifies its owner's assertions, and what is known of its authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Whose tenant's.
    pub tenant_id: TenantId,
    /// Its id, unique in the tenant.
    pub id: CredentialId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its name for people.
    pub name: String,
    /// The public key, COSE-encoded (RFC 9052 §7), as the authenticator sent it.
    pub public_key: Vec<u8>,
    /// The attestation statement's format.
    pub attestation_format: String,
    /// Whether the attestation statement was verified.
    pub attested: bool,
    /// The authenticator's model.
    pub aaguid: Uuid,
    /// The signature counter last seen (WebAuthn §6.1.1).
    pub sign_count: u32,
    /// How its authenticator can be reached.
    pub transports: Vec<String>,
    /// Whether it may be backed up or synchronised.
    pub backup_eligible: bool,
    /// Whether it was backed up when last used.
    pub backup_state: bool,
    /// Whether it is a second factor only: such a credential never ends a login or a transaction.
    pub is_mfa: bool,
    /// Whether its authenticator verified the user at registration.
    pub user_verified: bool,
    /// When it last ended a ceremony.
    pub last_used_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When its name last changed.
    pub updated_at: Timestamp,
}
