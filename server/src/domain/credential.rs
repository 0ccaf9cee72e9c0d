//! Registered credentials.

use doorward_shared::{AttestationTrust, Base64Url, CoseAlgorithm, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::CertificateKeyId;

/// A credential id, chosen by the authenticator: 1 to 1023 bytes (WebAuthn §4).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    pub const MAX_BYTES: usize = 1023;

    /// Creates an id; `None` for an invalid length.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (1..=Self::MAX_BYTES).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// Parses base64url text.
    pub fn parse(text: &str) -> Option<Self> {
        Base64Url::decode(text).ok().and_then(|bytes| Self::new(bytes.0))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the first characters of the id in base64url, for texts in which the complete id would be too long.
    pub fn start(&self) -> String {
        id_start(&self.0)
    }
}

/// Returns the same as [`CredentialId::start`], for an id that is given as bytes.
pub fn id_start(id: &[u8]) -> String {
    const CHARS: usize = 16;
    let text = Base64Url::encode(id);
    match text.get(..CHARS) {
        Some(start) if text.len() > CHARS => format!("{start}…"),
        _ => text,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub tenant_id: TenantId,
    /// Id, unique in the tenant.
    pub id: CredentialId,
    pub user_id: UserId,
    pub name: String,
    /// Public key in canonical COSE encoding (RFC 9052 §7), at most 2 700 bytes.
    pub public_key: Vec<u8>,
    pub algorithm: CoseAlgorithm,
    /// Format that the attestation object names, even if its statement was not verified.
    pub attestation_format: String,
    pub attestation_trust: AttestationTrust,
    /// Key identifier of the attestation certificate, only for the format `fido-u2f`.
    pub attestation_key_id: Option<CertificateKeyId>,
    /// AAGUID that the client stated at registration.
    pub aaguid: Uuid,
    /// Signature counter of the last accepted use, or of the registration (WebAuthn §6.1.1).
    pub sign_count: u32,
    pub transports: Vec<String>,
    /// Whether the credential may be backed up or synchronised (WebAuthn §6.1.3).
    pub backup_eligible: bool,
    /// Whether the credential was backed up at its last use, or at registration if it was not used yet.
    pub backup_state: bool,
    /// Whether the credential is only a second factor. Second factors are not accepted for logins and transactions.
    pub is_mfa: bool,
    /// Whether the authenticator verified the user at registration.
    pub user_verified: bool,
    /// Whether the credential is discoverable, as the client reported it at registration (`credProps`). `None` if the
    /// client reported nothing.
    pub discoverable: Option<bool>,
    /// Time of the last login or transaction with this credential; `None` before the first.
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Time at which the credential was last renamed.
    pub updated_at: Timestamp,
    /// Time at which an administrator disabled the credential; `None` while it is enabled.
    pub disabled_at: Option<Timestamp>,
}

impl Credential {
    /// Returns whether the attestation statement was verified.
    pub fn attested(&self) -> bool {
        self.attestation_trust != AttestationTrust::None
    }

    /// Returns the AAGUID if the attestation proves it. Without a signature over the AAGUID, as in the format
    /// `fido-u2f`, returns `None`.
    pub fn proven_aaguid(&self) -> Option<Uuid> {
        let is_proven = self.attestation_trust == AttestationTrust::Chain && self.attestation_key_id.is_none();
        is_proven.then_some(self.aaguid)
    }

    /// Returns the format of the attestation statement if it was verified, otherwise `none`.
    pub fn attestation_type(&self) -> &str {
        if self.attested() { &self.attestation_format } else { "none" }
    }
}
