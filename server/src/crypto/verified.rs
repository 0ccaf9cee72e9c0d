//! What is already known about secrets and hashes, so that a key in use pays Argon2 once.
//!
//! Remembered is the answer to "is this secret the one this hash was made of?", which never changes: a revoked, expired
//! or replaced key is found by looking up its row, before this memory is asked. An entry is a digest under a key that
//! lives as long as the process; neither the secret nor anything it could be guessed from is kept.

use std::fmt;

use aws_lc_rs::hmac;
use doorward_shared::TenantId;
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use super::api_key::PresentedKey;
use crate::{
    clock::{Entropy, NoEntropy, random},
    domain::SecretHash,
};

/// Where a key opens something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// One tenant of the public API.
    Tenant(TenantId),
    /// The admin API.
    Admin,
}

/// What stands for a scope, a presented key and a stored hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

/// The bounded memory of keys that were verified, and the smaller one of keys that were refused. They are apart, so that
/// a flood of wrong keys cannot push out the right ones.
pub struct VerifiedKeys {
    digest_key: hmac::Key,
    verified: Cache<KeyDigest, ()>,
    pub(super) refused: Cache<KeyDigest, ()>,
}

impl fmt::Debug for VerifiedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedKeys")
            .field("verified", &self.verified.len())
            .field("refused", &self.refused.len())
            .finish_non_exhaustive()
    }
}

impl VerifiedKeys {
    /// An empty memory of at most `capacity` verified keys and an eighth as many refused ones (at least 16). An entry
    /// takes about 100 bytes.
    ///
    /// # Errors
    /// [`NoEntropy`] when no key for the digests could be made.
    pub fn new(capacity: usize, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let digest_key = Zeroizing::new(random::<32>(entropy)?);
        Ok(Self {
            digest_key: hmac::Key::new(hmac::HMAC_SHA256, digest_key.as_slice()),
            verified: Cache::new(capacity.max(1)),
            refused: Cache::new((capacity / 8).max(16)),
        })
    }

    /// What stands for this key, presented here, against this hash.
    #[must_use]
    pub fn digest(&self, scope: KeyScope, key: &PresentedKey, hash: &SecretHash) -> KeyDigest {
        let mut context = hmac::Context::with_key(&self.digest_key);
        // Every part but the last has a fixed length, so no two inputs run together.
        match scope {
            KeyScope::Tenant(tenant) => {
                context.update(b"t");
                context.update(tenant.uuid().as_bytes());
            }
            KeyScope::Admin => {
                context.update(b"a");
                context.update(&[0; 16]);
            }
        }
        context.update(key.id.as_bytes());
        context.update(key.secret.expose().as_bytes());
        context.update(hash.expose().as_bytes());
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        KeyDigest(digest)
    }

    /// What is known: `Some(true)` verified before, `Some(false)` refused before.
    #[must_use]
    pub fn recall(&self, digest: &KeyDigest) -> Option<bool> {
        if self.verified.get(digest).is_some() { Some(true) } else { self.refused.get(digest).map(|()| false) }
    }

    /// Remembers what Argon2 said.
    pub fn remember(&self, digest: KeyDigest, matches: bool) {
        if matches {
            self.verified.insert(digest, ());
        } else {
            self.refused.insert(digest, ());
        }
    }

    /// How many verified keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.verified.len()
    }

    /// Whether no verified key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.verified.is_empty()
    }
}
