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

#[cfg(test)]
mod tests {
    use doorward_shared::admin::SigningAlgorithm;
    use uuid::Uuid;

    use super::*;
    use crate::crypto::signing_key::tests::{claims, master, record};

    fn id(number: u128) -> SigningKeyId {
        SigningKeyId::new(Uuid::from_u128(number))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn es256(number: u128, from: i64, retired_at: Option<i64>) -> SigningKeyRecord {
        let record = record(id(number), SigningAlgorithm::Es256, 0, from);
        SigningKeyRecord { retired_at: retired_at.map(at), ..record }
    }

    fn published(set: &KeySet, now: i64) -> Vec<SigningKeyId> {
        set.jwks(at(now)).keys.iter().map(|key| key.kid).collect()
    }

    #[test]
    fn a_new_key_is_published_before_it_signs_and_an_old_one_after() {
        let records = [es256(1, 0, Some(1000)), es256(2, 1000, None)];
        let set = KeySet::open(&records, &master(), at(500)).unwrap();
        assert_eq!((set.active_id(at(500)), published(&set, 500)), (Some(id(1)), vec![id(2), id(1)]));
        assert_eq!((set.active_id(at(999)), set.active_id(at(1000))), (Some(id(1)), Some(id(2))));
        let last_token_expires = 1000 + TOKEN_LIFETIME_SECONDS * 1000;
        assert_eq!(published(&set, last_token_expires), [id(2), id(1)]);
        assert_eq!(published(&set, last_token_expires + MARGIN_MS - 1), [id(2), id(1)]);
        assert_eq!(published(&set, last_token_expires + MARGIN_MS), [id(2)]);
    }

    #[test]
    fn the_key_that_began_last_signs() {
        let records = [es256(1, 0, None), es256(3, 2000, None), es256(2, 1000, None)];
        let set = KeySet::open(&records, &master(), at(0)).unwrap();
        for (now, expected) in [(0, 1), (999, 1), (1000, 2), (1999, 2), (2000, 3), (9000, 3)] {
            assert_eq!(set.active_id(at(now)), Some(id(expected)), "at {now}");
        }
        assert_eq!(set.active(at(0)).unwrap().algorithm(), SigningAlgorithm::Es256);
        assert!(set.active(at(0)).unwrap().sign(&claims()).is_ok());
    }

    #[test]
    fn a_first_key_signs_on_a_node_whose_clock_is_behind() {
        let set = KeySet::open(&[es256(2, 2000, None), es256(1, 1000, None)], &master(), at(0)).unwrap();
        assert_eq!(set.active_id(at(900)), Some(id(1)));
    }

    #[test]
    fn no_key_signs_when_all_are_retired() {
        let set = KeySet::open(&[es256(1, 0, Some(1000))], &master(), at(1000)).unwrap();
        assert!(set.active(at(1000)).is_none());
        assert_eq!(published(&set, 1000), [id(1)]);
        assert!(KeySet::open(&[], &master(), at(0)).unwrap().jwks(at(0)).keys.is_empty());
    }

    #[test]
    fn only_a_key_that_is_needed_has_to_open() {
        let damaged = |retired_at| SigningKeyRecord { sealed_private_key: vec![0; 40], ..es256(1, 0, retired_at) };
        let good = es256(2, 0, None);
        let set = KeySet::open(&[damaged(Some(1000)), good.clone()], &master(), at(1000)).unwrap();
        assert_eq!(set.active_id(at(1000)), Some(id(2)));
        assert!(KeySet::open(&[damaged(None), good], &master(), at(1000)).is_err());
    }

    #[test]
    fn the_document_is_a_jwks() {
        let set = KeySet::open(&[es256(1, 0, None)], &master(), at(0)).unwrap();
        let document = serde_json::to_string(&set.jwks(at(0))).unwrap();
        assert!(document.starts_with(r#"{"keys":[{"kty":"EC","use":"sig","alg":"ES256","kid":"#), "{document}");
        let library: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&document).unwrap();
        assert!(library.find(&id(1).to_string()).is_some());
    }
}
