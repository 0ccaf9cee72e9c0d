//! Is this presented key the stored one? The one question a request asks of this module.

use std::fmt;

use super::{
    api_key::PresentedKey,
    hasher::{HashError, Hasher},
    verified::{KeyScope, VerifiedKeys},
};
use crate::domain::SecretHash;

/// Checks presented keys: from memory in about a microsecond, else with Argon2.
pub struct KeyCheck {
    hasher: Hasher,
    known: VerifiedKeys,
}

impl fmt::Debug for KeyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCheck").field("known", &self.known).finish_non_exhaustive()
    }
}

impl KeyCheck {
    /// Puts the two together.
    #[must_use]
    pub const fn new(hasher: Hasher, known: VerifiedKeys) -> Self {
        Self { hasher, known }
    }

    /// The hasher, for keys that are made.
    #[must_use]
    pub const fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// Whether the key was verified lately; costs no hash.
    #[must_use]
    pub fn remembers(&self, scope: KeyScope, key: &PresentedKey, hash: &SecretHash) -> bool {
        self.known.recall(&self.known.digest(scope, key, hash)) == Some(true)
    }

    /// Whether the key's secret is the one the hash was made of. The caller has looked up the key's row by its id, and
    /// refused it if it was revoked or expired.
    ///
    /// Requests that bring the same unknown key at the same time share one hash: a restart under load costs each key
    /// one, not one per waiting client.
    ///
    /// # Errors
    /// Those of [`Hasher::verify`]; none of them says that the key is wrong.
    pub async fn matches(&self, scope: KeyScope, key: &PresentedKey, hash: &SecretHash) -> Result<bool, HashError> {
        let digest = self.known.digest(scope, key, hash);
        if let Some(matches) = self.known.recall(&digest) {
            return Ok(matches);
        }
        let Err(turn) = self.known.refused.get_value_or_guard_async(&digest).await else { return Ok(false) };
        // Whoever waited for the turn may find the answer there by now.
        if self.known.recall(&digest) == Some(true) {
            return Ok(true);
        }
        let matches = self.hasher.verify(key.secret.clone(), hash.clone()).await?;
        if matches {
            self.known.remember(digest, true);
        } else {
            let _ = turn.insert(());
        }
        Ok(matches)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::Ordering};

    use futures_util::future::join_all;
    use uuid::Uuid;

    use super::*;
    use crate::{
        clock::SystemEntropy,
        crypto::{PlainSecret, hasher::tests::counted},
    };

    const SCOPE: KeyScope = KeyScope::Admin;

    fn key(secret: &str) -> PresentedKey {
        PresentedKey { id: Uuid::nil(), secret: PlainSecret::new(secret.to_owned()) }
    }

    async fn set_up() -> (KeyCheck, SecretHash, impl Fn() -> usize) {
        let (hasher, count) = counted();
        let hash = hasher.hash(PlainSecret::new("right".to_owned())).await.unwrap();
        let check = KeyCheck::new(hasher, VerifiedKeys::new(100, &SystemEntropy::default()).unwrap());
        // Without the hash that was made just now.
        (check, hash, move || count.load(Ordering::SeqCst) - 1)
    }

    #[tokio::test]
    async fn a_key_pays_argon2_once_right_or_wrong() {
        let (check, hash, paid) = set_up().await;
        for _ in 0..5 {
            assert_eq!(check.matches(SCOPE, &key("right"), &hash).await, Ok(true));
            assert_eq!(check.matches(SCOPE, &key("wrong"), &hash).await, Ok(false));
        }
        assert_eq!(paid(), 2);
    }

    #[tokio::test]
    async fn requests_that_come_together_share_one_hash() {
        let (check, hash, paid) = set_up().await;
        let check = Arc::new(check);
        let together = join_all((0..200).map(|number| {
            let (check, hash) = (Arc::clone(&check), hash.clone());
            tokio::spawn(async move {
                let right = number % 2 == 0;
                let secret = if right { "right" } else { "wrong" };
                assert_eq!(check.matches(SCOPE, &key(secret), &hash).await, Ok(right));
            })
        }))
        .await;
        assert!(together.iter().all(Result::is_ok));
        assert_eq!(paid(), 2, "though the queue holds but 64");
    }

    #[tokio::test]
    async fn an_error_is_not_remembered() {
        let (check, hash, paid) = set_up().await;
        let damaged = SecretHash::new("damaged".to_owned());
        for _ in 0..2 {
            assert_eq!(check.matches(SCOPE, &key("right"), &damaged).await, Err(HashError::Corrupt));
        }
        assert_eq!(check.matches(SCOPE, &key("right"), &hash).await, Ok(true));
        assert_eq!(paid(), 3);
    }
}
