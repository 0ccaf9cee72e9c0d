//! Verifies presented keys. A lookup in the cache takes about a microsecond; a key that is not cached is verified with
//! Argon2.

use super::{
    api_key::PresentedKey,
    key_hash::{self, HashError},
    verified_key_cache::{KeyScope, VerifiedKeyCache},
};
use crate::{
    clock::{Entropy, NoEntropy},
    domain::SecretHash,
};

#[derive(Debug)]
pub struct KeyVerifier {
    cache: VerifiedKeyCache,
}

impl KeyVerifier {
    /// Creates a verifier that caches up to `capacity` verified keys.
    pub fn new(capacity: usize, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        Ok(Self { cache: VerifiedKeyCache::new(capacity, entropy)? })
    }

    /// Returns whether the key's secret matches the stored hash. If the key is not cached, blocks for one Argon2 hash
    /// (25 µs).
    ///
    /// Before the call, the caller looks up the hash by the key's id, and rejects revoked and expired keys.
    ///
    /// # Errors
    /// The errors of [`key_hash::verify`]. A wrong key is not an error.
    pub fn verify(&self, scope: KeyScope, key: &PresentedKey, hash: &SecretHash) -> Result<bool, HashError> {
        self.verify_with(scope, key, hash, key_hash::verify)
    }

    fn verify_with(
        &self,
        scope: KeyScope,
        key: &PresentedKey,
        hash: &SecretHash,
        verify: impl FnOnce(&super::PlainSecret, &SecretHash) -> Result<bool, HashError>,
    ) -> Result<bool, HashError> {
        let digest = self.cache.digest(scope, key, hash);
        if self.cache.contains(&digest) {
            return Ok(true);
        }
        let matches = verify(&key.secret, hash)?;
        if matches {
            self.cache.insert(digest);
        }
        Ok(matches)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use uuid::Uuid;

    use super::*;
    use crate::{clock::SystemEntropy, crypto::PlainSecret};

    const SCOPE: KeyScope = KeyScope::Admin;

    fn key(secret: &str) -> PresentedKey {
        PresentedKey { id: Uuid::nil(), secret: PlainSecret::new(secret.to_owned()) }
    }

    fn set_up() -> (KeyVerifier, SecretHash) {
        let entropy = SystemEntropy::default();
        let hash = key_hash::hash(&PlainSecret::new("right".to_owned()), &entropy).unwrap();
        (KeyVerifier::new(100, &entropy).unwrap(), hash)
    }

    #[test]
    fn valid_key_is_hashed_once_and_wrong_key_each_time() {
        let (verifier, hash) = set_up();
        for (secret, expected, hashes) in [("right", true, 1), ("wrong", false, 5)] {
            let count = Cell::new(0);
            for _ in 0..5 {
                let verified = verifier.verify_with(SCOPE, &key(secret), &hash, |secret, hash| {
                    count.set(count.get() + 1);
                    key_hash::verify(secret, hash)
                });
                assert_eq!(verified, Ok(expected));
            }
            assert_eq!(count.get(), hashes, "{secret}");
        }
    }

    #[test]
    fn errors_are_not_cached() {
        let (verifier, hash) = set_up();
        let damaged = SecretHash::new("damaged".to_owned());
        for _ in 0..2 {
            assert_eq!(verifier.verify(SCOPE, &key("right"), &damaged), Err(HashError::Corrupt));
        }
        assert_eq!(verifier.verify(SCOPE, &key("right"), &hash), Ok(true));
    }

    #[test]
    fn cached_key_is_rejected_in_another_scope() {
        let (verifier, hash) = set_up();
        assert_eq!(verifier.verify(SCOPE, &key("right"), &hash), Ok(true));
        let elsewhere = KeyScope::Tenant(doorward_shared::TenantId::new(Uuid::nil()));
        let verified = verifier.verify_with(elsewhere, &key("right"), &hash, |_, _| Ok(false));
        assert_eq!(verified, Ok(false));
    }
}
