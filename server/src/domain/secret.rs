//! Stored API keys, admin tokens and signing keys. None contains its secret in plain text.

use std::collections::BTreeSet;

use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId, TenantId, Timestamp,
    admin::{Role, SigningAlgorithm},
};

/// An Argon2id hash (PHC string). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(String);

impl SecretHash {
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// Returns the PHC string, for verification and storage.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// Keyed digest of an imported API key. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretDigest(String);

impl SecretDigest {
    pub const fn new(base64url: String) -> Self {
        Self(base64url)
    }

    /// Returns the digest in base64url, for storage.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub tenant_id: TenantId,
    /// Public part of the key.
    pub id: ApiKeyId,
    pub name: String,
    /// First characters of the key.
    pub hint: String,
    pub hash: SecretHash,
    /// Digest by which an imported key is found; `None` for Doorward's own keys, which contain their id.
    pub digest: Option<SecretDigest>,
    pub created_at: Timestamp,
    /// Time from which the key is rejected; `None` if the key does not expire.
    pub expires_at: Option<Timestamp>,
    /// Time of the last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
    /// Time at which an administrator disabled the key; `None` while it is enabled.
    pub disabled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// Public part of the token.
    pub id: AdminTokenId,
    /// Unique name. Audit entries show it as the actor.
    pub name: String,
    pub role: Role,
    /// The tenants that the token may use; `None` for all tenants and the installation.
    pub tenants: Option<BTreeSet<TenantId>>,
    /// First characters of the token.
    pub hint: String,
    pub hash: SecretHash,
    pub created_at: Timestamp,
    /// Time from which the token is rejected; `None` if the token does not expire.
    pub expires_at: Option<Timestamp>,
    /// Time of the last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
}

/// A tenant's signing key. The private key is encrypted with the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    pub tenant_id: TenantId,
    /// `kid` in tokens.
    pub id: SigningKeyId,
    pub algorithm: SigningAlgorithm,
    /// Public key as a JWK (RFC 7517), serialised as JSON.
    pub public_jwk: String,
    /// Private key, encrypted with the master key. It is destroyed when the key can no longer sign; then this field is
    /// empty.
    pub sealed_private_key: Vec<u8>,
    /// Time of creation; the key is published from then on.
    pub created_at: Timestamp,
    /// Time from which the key signs.
    pub signs_from: Timestamp,
    /// Time from which the key no longer signs; `None` if no retirement is scheduled. The key stays published until the
    /// last token that it signed has expired.
    pub retired_at: Option<Timestamp>,
    /// Time at which the key was removed from the JWKS. From then on, verifiers refuse the tokens that it signed.
    pub withdrawn_at: Option<Timestamp>,
}

impl SigningKeyRecord {
    /// Returns whether the private key still exists. Without it, the key can never sign again.
    pub const fn has_private_key(&self) -> bool {
        !self.sealed_private_key.is_empty()
    }
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
