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
