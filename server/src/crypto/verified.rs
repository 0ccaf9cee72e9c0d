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

#[cfg(test)]
mod tests {
    use doorward_shared::Base64Url;
    use uuid::Uuid;

    use super::*;
    use crate::{clock::SystemEntropy, crypto::PlainSecret};

    const SECRET: &str = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";

    fn key(id: u128, secret: &str) -> PresentedKey {
        PresentedKey { id: Uuid::from_u128(id), secret: PlainSecret::new(secret.to_owned()) }
    }

    fn tenant(id: u128) -> KeyScope {
        KeyScope::Tenant(TenantId::new(Uuid::from_u128(id)))
    }

    fn hash(phc: &str) -> SecretHash {
        SecretHash::new(phc.to_owned())
    }

    #[test]
    fn remembers_what_it_was_told_and_nothing_else() {
        let known = VerifiedKeys::new(10, &SystemEntropy::default()).unwrap();
        let good = known.digest(tenant(1), &key(7, SECRET), &hash("$a"));
        known.remember(good, true);
        assert_eq!(known.recall(&good), Some(true));
        assert_eq!(known.recall(&known.digest(tenant(1), &key(7, SECRET), &hash("$a"))), Some(true));
        for other in [
            known.digest(tenant(2), &key(7, SECRET), &hash("$a")),
            known.digest(KeyScope::Admin, &key(7, SECRET), &hash("$a")),
            known.digest(tenant(1), &key(8, SECRET), &hash("$a")),
            known.digest(tenant(1), &key(7, "other"), &hash("$a")),
            // The key was replaced under the same id.
            known.digest(tenant(1), &key(7, SECRET), &hash("$b")),
        ] {
            assert_eq!(known.recall(&other), None);
        }
        let bad = known.digest(tenant(1), &key(7, "other"), &hash("$a"));
        known.remember(bad, false);
        assert_eq!(known.recall(&bad), Some(false));
    }

    #[test]
    fn another_process_makes_other_digests() {
        let entropy = SystemEntropy::default();
        let (one, other) = (VerifiedKeys::new(1, &entropy).unwrap(), VerifiedKeys::new(1, &entropy).unwrap());
        let digest = |known: &VerifiedKeys| known.digest(tenant(1), &key(7, SECRET), &hash("$a"));
        assert_ne!(digest(&one), digest(&other));
        assert_eq!(digest(&one), digest(&one));
    }

    #[test]
    fn both_memories_are_bounded_and_apart() {
        let known = VerifiedKeys::new(64, &SystemEntropy::default()).unwrap();
        let good = known.digest(tenant(1), &key(7, SECRET), &hash("$a"));
        known.remember(good, true);
        for number in 0..10_000 {
            known.remember(known.digest(tenant(1), &key(number, "wrong"), &hash("$a")), false);
        }
        assert!(known.refused.len() <= 16, "{}", known.refused.len());
        assert_eq!(known.recall(&good), Some(true), "wrong keys do not push out a right one");
        for number in 0..10_000 {
            known.remember(known.digest(tenant(2), &key(number, SECRET), &hash("$a")), true);
        }
        assert!(known.len() <= 64, "{}", known.len());
        assert!(!known.is_empty());
    }

    #[test]
    fn debug_prints_no_secret_and_no_digest() {
        let known = VerifiedKeys::new(1, &SystemEntropy::default()).unwrap();
        let digest = known.digest(tenant(1), &key(7, SECRET), &hash("$a"));
        known.remember(digest, true);
        assert_eq!(format!("{digest:?}"), "KeyDigest(…)");
        let printed = format!("{known:?}");
        assert!(!printed.contains(SECRET) && !printed.contains(&Base64Url::encode(&digest.0)), "{printed}");
    }
}
