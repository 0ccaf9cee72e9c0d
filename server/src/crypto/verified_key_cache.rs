//! Bounded cache of verified keys, so that each key costs one Argon2 hash per process.
//!
//! An entry means that a secret matches a hash, and this fact never changes. Revoked, expired and replaced keys are
//! rejected when their row is looked up, before the cache is read. An entry is an HMAC with a random key of this
//! process. The memory of the cache therefore contains neither a secret nor a value from which a secret can be guessed.

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

/// The API for which a key is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyScope {
    Tenant(TenantId),
    Admin,
}

/// Key of the cache: a keyed digest of the API ([`KeyScope`]), the presented key and the stored hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

/// Cache of verified keys. Wrong keys are not cached, so that a flood of wrong keys cannot evict valid keys.
pub struct VerifiedKeyCache {
    digest_key: hmac::Key,
    verified: Cache<KeyDigest, ()>,
}

impl fmt::Debug for VerifiedKeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedKeyCache").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl VerifiedKeyCache {
    /// Creates an empty cache for up to `capacity` keys (at least one). A key takes about 100 bytes.
    pub fn new(capacity: usize, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let digest_key = Zeroizing::new(random::<32>(entropy)?);
        Ok(Self {
            digest_key: hmac::Key::new(hmac::HMAC_SHA256, digest_key.as_slice()),
            verified: Cache::new(capacity.max(1)),
        })
    }

    /// Computes the digest of a presented key together with its scope and the stored hash.
    pub fn digest(&self, scope: KeyScope, key: &PresentedKey, hash: &SecretHash) -> KeyDigest {
        let mut context = hmac::Context::with_key(&self.digest_key);
        // The parts before the secret have fixed lengths. The hash begins with `$`, which no secret contains. Two
        // different inputs therefore never produce the same bytes.
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

    pub fn contains(&self, digest: &KeyDigest) -> bool {
        self.verified.get(digest).is_some()
    }

    pub fn insert(&self, digest: KeyDigest) {
        self.verified.insert(digest, ());
    }

    pub fn len(&self) -> usize {
        self.verified.len()
    }

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
    fn only_inserted_keys_are_found() {
        let cache = VerifiedKeyCache::new(10, &SystemEntropy::default()).unwrap();
        assert!(cache.is_empty());
        cache.insert(cache.digest(tenant(1), &key(7, SECRET), &hash("$a")));
        assert!(cache.contains(&cache.digest(tenant(1), &key(7, SECRET), &hash("$a"))));
        for other in [
            cache.digest(tenant(2), &key(7, SECRET), &hash("$a")),
            cache.digest(KeyScope::Admin, &key(7, SECRET), &hash("$a")),
            cache.digest(tenant(1), &key(8, SECRET), &hash("$a")),
            cache.digest(tenant(1), &key(7, "other"), &hash("$a")),
            // The key was replaced, and its id stayed the same.
            cache.digest(tenant(1), &key(7, SECRET), &hash("$b")),
        ] {
            assert!(!cache.contains(&other));
        }
    }

    #[test]
    fn digests_differ_between_processes() {
        let entropy = SystemEntropy::default();
        let (one, other) = (VerifiedKeyCache::new(1, &entropy).unwrap(), VerifiedKeyCache::new(1, &entropy).unwrap());
        let digest = |cache: &VerifiedKeyCache| cache.digest(tenant(1), &key(7, SECRET), &hash("$a"));
        assert_ne!(digest(&one), digest(&other));
        assert_eq!(digest(&one), digest(&one));
    }

    #[test]
    fn cache_is_bounded() {
        let cache = VerifiedKeyCache::new(64, &SystemEntropy::default()).unwrap();
        for number in 0..10_000 {
            cache.insert(cache.digest(tenant(2), &key(number, SECRET), &hash("$a")));
        }
        assert!((1..=64).contains(&cache.len()), "{}", cache.len());
    }

    #[test]
    fn debug_prints_no_secret_and_no_digest() {
        let cache = VerifiedKeyCache::new(1, &SystemEntropy::default()).unwrap();
        let digest = cache.digest(tenant(1), &key(7, SECRET), &hash("$a"));
        cache.insert(digest);
        assert_eq!(format!("{digest:?}"), "KeyDigest(…)");
        let printed = format!("{cache:?}");
        assert!(!printed.contains(SECRET) && !printed.contains(&Base64Url::encode(&digest.0)), "{printed}");
    }
}
