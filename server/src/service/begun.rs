//! Ceremonies that this process began lately, with what their end would otherwise read from the database.
//!
//! Nothing is decided by what is remembered here: the write that ends a ceremony goes on only if it deletes the challenge,
//! and if the credential is still the one that was remembered. What is not remembered, because another process began it
//! or it was pushed out, is read.

use doorward_shared::TenantId;
use quick_cache::sync::Cache;

use crate::domain::{Challenge, ChallengeValue, Credential, User};

/// How many ceremonies are remembered, of about 2 KB each.
const CAPACITY: usize = 8_192;
/// Whoever has more credentials is not remembered, so that memory stays bounded.
const MOST_CREDENTIALS: usize = 8;

/// A ceremony whose user is known.
#[derive(Debug, Clone)]
pub struct Begun {
    /// What was stored.
    pub challenge: Challenge,
    /// Whom it concerns.
    pub user: User,
    /// The user's credentials that may end it.
    pub credentials: Vec<Credential>,
}

/// The ceremonies that were begun and not ended.
#[derive(Debug)]
pub struct BegunCeremonies(Cache<(TenantId, ChallengeValue), Begun>);

impl Default for BegunCeremonies {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl BegunCeremonies {
    /// Remembers a ceremony, once its challenge is stored.
    pub fn remember(&self, begun: Begun) {
        if begun.credentials.len() <= MOST_CREDENTIALS {
            self.0.insert((begun.challenge.tenant_id, begun.challenge.value.clone()), begun);
        }
    }

    /// Takes a ceremony out: whatever comes of its end, it ends.
    #[must_use]
    pub fn take(&self, tenant: TenantId, value: &ChallengeValue) -> Option<Begun> {
        self.0.remove(&(tenant, value.clone())).map(|(_, begun)| begun)
    }
}
