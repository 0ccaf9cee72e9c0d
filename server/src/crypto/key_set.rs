//! A tenant's signing keys together: which one signs, and which are published.

use doorward_shared::{
    SigningKeyId, Timestamp,
    public::{Jwk, Jwks},
};

use super::{
    master_key::MasterKey,
    signing_key::{SigningKey, SigningKeyError, TOKEN_LIFETIME_SECONDS, public_jwk},
};
use crate::domain::SigningKeyRecord;

/// Milliseconds a retired key stays published after its last token expired: verifiers' clocks differ, and commonly allow
/// a minute.
const MARGIN_MS: i64 = 60_000;

/// A tenant's keys, parsed once. Part of the tenant's snapshot, so it is rebuilt when a key is added or retired.
#[derive(Debug)]
pub struct KeySet {
    /// The latest `signs_from` first.
    keys: Vec<KeyOfSet>,
}

#[derive(Debug)]
struct KeyOfSet {
    jwk: Jwk,
    signs_from: Timestamp,
    retired_at: Option<Timestamp>,
    /// `None` once retired: nothing is signed with it again, so it stays sealed.
    signing: Option<SigningKey>,
}

impl KeySet {
    /// Opens the tenant's keys. The private part of a key that is retired at `now` is left sealed, so that a damaged old
    /// key keeps no one from logging in.
    ///
    /// # Errors
    /// Those of [`SigningKey::open`], for the keys that are not retired; [`SigningKeyError::Corrupt`] for a public part
    /// that cannot be read.
    pub fn open(records: &[SigningKeyRecord], master: &MasterKey, now: Timestamp) -> Result<Self, SigningKeyError> {
        let mut keys = records
            .iter()
            .filter(|record| is_published(record.retired_at, now))
            .map(|record| {
                Ok(KeyOfSet {
                    jwk: public_jwk(record)?,
                    signs_from: record.signs_from,
                    retired_at: record.retired_at,
                    signing: match record.retired_at {
                        Some(at) if at <= now => None,
                        _ => Some(SigningKey::open(record, master)?),
                    },
                })
            })
            .collect::<Result<Vec<_>, SigningKeyError>>()?;
        keys.sort_by_key(|key| std::cmp::Reverse((key.signs_from, key.jwk.kid)));
        Ok(Self { keys })
    }

    /// The key that signs: of those not retired, the one that began last.
    ///
    /// When none has begun, the one that begins first signs already: a new tenant's only key begins at its creation, and
    /// another node's clock may be a little behind.
    #[must_use]
    pub fn active(&self, now: Timestamp) -> Option<&SigningKey> {
        let usable = || self.keys.iter().filter(move |key| key.retired_at.is_none_or(|at| now < at));
        usable().find(|key| key.signs_from <= now).or_else(|| usable().next_back()).and_then(|key| key.signing.as_ref())
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn active_id(&self, now: Timestamp) -> Option<SigningKeyId> {
        self.active(now).map(SigningKey::id)
    }

    /// The keys that verify tokens: a new one from the moment it exists, long before it signs, and a retired one until its
    /// last token has expired.
    #[must_use]
    pub fn jwks(&self, now: Timestamp) -> Jwks {
        let published = self.keys.iter().filter(|key| is_published(key.retired_at, now));
        Jwks { keys: published.map(|key| key.jwk.clone()).collect() }
    }
}

/// Whether a key retired at that time may still be needed to verify a token.
#[must_use]
pub fn is_published(retired_at: Option<Timestamp>, now: Timestamp) -> bool {
    retired_at.is_none_or(|at| now < at.plus_millis(TOKEN_LIFETIME_SECONDS * 1000 + MARGIN_MS))
}
