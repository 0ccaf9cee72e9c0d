//! API keys, admin tokens and signing keys as they are stored: never the secret itself.

use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId, TenantId, Timestamp,
    admin::{Role, SigningAlgorithm},
};

/// An Argon2id hash in PHC form. Nothing that prints it shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(String);

impl SecretHash {
    /// Takes a hash in PHC form.
    #[must_use]
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC form, for verification and storage.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A tenant's API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its public part.
    pub id: ApiKeyId,
    /// Its name for people.
    pub name: String,
    /// How the key begins.
    pub hint: String,
    /// The secret's hash.
    pub hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was last accepted, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// An administrator's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// Its public part.
    pub id: AdminTokenId,
    /// Its name for people, unique; the actor of audit events.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// How the token begins.
    pub hint: String,
    /// The secret's hash.
    pub hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was last accepted, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A tenant's signing key: public part in the clear, private part sealed under the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// `kid` in tokens.
    pub id: SigningKeyId,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The public key as a JWK (RFC 7517), serialised JSON.
    pub public_jwk: String,
    /// The private key, sealed.
    pub sealed_private_key: Vec<u8>,
    /// When it was made; it is published from then on.
    pub created_at: Timestamp,
    /// When it begins to sign.
    pub signs_from: Timestamp,
    /// When it stopped signing; it stays published until its last token expired.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKeyRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyRecord")
            .field("tenant_id", &self.tenant_id)
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
