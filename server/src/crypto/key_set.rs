//! All signing keys of a tenant: selects the key that signs and the keys that are published.

use std::sync::OnceLock;

use aws_lc_rs::signature::ParsedPublicKey;
use doorward_shared::{
    SigningKeyId, Timestamp,
    public::{Jwk, Jwks, TokenClaims},
};

use super::{
    master_key::MasterKey,
    signing_key::{SigningKey, SigningKeyError, TOKEN_LIFETIME_SECONDS, public_jwk},
    token_signature::{self, UnverifiedToken},
};
use crate::domain::SigningKeyRecord;

/// Milliseconds for which a retired key stays published after its last token expired. Verifiers commonly tolerate a
/// clock difference of one minute.
const MARGIN_MS: i64 = 60_000;

/// Parsed signing keys of a tenant. They are cached with the tenant and parsed again when a key is added or retired.
#[derive(Debug)]
pub struct KeySet {
    /// Sorted by `signs_from`, latest first.
    keys: Vec<KeyOfSet>,
}

#[derive(Debug)]
struct KeyOfSet {
    jwk: Jwk,
    /// The public key, parsed when it is first needed, because only tenants that redeem tokens need it. `None` if the
    /// stored public key is damaged.
    verifying: OnceLock<Option<ParsedPublicKey>>,
    signs_from: Timestamp,
    retired_at: Option<Timestamp>,
    /// The parsed key pair; `None` if the key is retired or its private part was destroyed. The key then never signs
    /// again.
    signing: Option<SigningKey>,
}

impl KeySet {
    /// Parses the tenant's published keys and decrypts their private parts. If a key is retired at `now`, its private
    /// part is not decrypted, so that a damaged old key cannot prevent logins. A key without a private part is accepted
    /// even if it is not retired at `now`: the clock may have been ahead when the private part was destroyed.
    ///
    /// # Errors
    /// The errors of [`SigningKey::open`] for keys that are not retired; [`SigningKeyError::Corrupt`] for an unreadable
    /// public part.
    pub fn open(records: &[SigningKeyRecord], master: &MasterKey, now: Timestamp) -> Result<Self, SigningKeyError> {
        let mut keys = records
            .iter()
            .filter(|record| is_published(record, now))
            .map(|record| {
                Ok(KeyOfSet {
                    jwk: public_jwk(record)?,
                    verifying: OnceLock::new(),
                    signs_from: record.signs_from,
                    retired_at: record.retired_at,
                    signing: match record.retired_at {
                        Some(at) if at <= now => None,
                        _ if !record.has_private_key() => None,
                        _ => Some(SigningKey::open(record, master)?),
                    },
                })
            })
            .collect::<Result<Vec<_>, SigningKeyError>>()?;
        keys.sort_by_key(|key| std::cmp::Reverse((key.signs_from, key.jwk.kid)));
        Ok(Self { keys })
    }

    /// Returns the key that signs at `now`; `None` if no key is usable. A key is usable if it is not retired and its
    /// private part was decrypted. Of the usable keys whose `signs_from` is reached, the one with the latest
    /// `signs_from` signs.
    ///
    /// If `signs_from` of every usable key is in the future, the one with the earliest `signs_from` signs. This happens
    /// in two cases. First, another node has just created the tenant with its first key, and the clock of this node is
    /// slightly behind. Second, a key was retired while the clock was ahead, and the clock was then corrected. By the
    /// corrected clock, the key is not retired yet. However, this set lacks its private part, because the set was
    /// opened or the private part was destroyed while the clock was ahead. The key's successor therefore signs.
    pub fn active(&self, now: Timestamp) -> Option<&SigningKey> {
        let usable = || {
            let unretired = self.keys.iter().filter(move |key| key.retired_at.is_none_or(|at| now < at));
            unretired.filter_map(|key| Some((key.signs_from, key.signing.as_ref()?)))
        };
        let latest = usable().find(|(signs_from, _)| *signs_from <= now);
        latest.or_else(|| usable().next_back()).map(|(_, key)| key)
    }

    pub fn active_id(&self, now: Timestamp) -> Option<SigningKeyId> {
        self.active(now).map(SigningKey::id)
    }

    /// Returns the keys that verify tokens. A new key is published as soon as it is created, even if it begins to sign
    /// later. A retired key stays published until its last token has expired.
    pub fn jwks(&self, now: Timestamp) -> Jwks {
        let published = self.keys.iter().filter(|key| outlives_tokens(key.retired_at, now));
        Jwks { keys: published.map(|key| key.jwk.clone()).collect() }
    }

    /// Returns the claims of a token; `None` if no published key signed it. The claims are not checked: the token may
    /// have expired.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<TokenClaims> {
        let token = UnverifiedToken::parse(token)?;
        let key = self.keys.iter().find(|key| key.jwk.kid == token.key_id() && outlives_tokens(key.retired_at, now))?;
        let parsed = key.verifying.get_or_init(|| token_signature::parse_key(&key.jwk)).as_ref()?;
        token.verify(&key.jwk, parsed)
    }
}

/// Returns whether a key is published: it was not withdrawn, and tokens that it signed may still be valid.
pub fn is_published(key: &SigningKeyRecord, now: Timestamp) -> bool {
    key.withdrawn_at.is_none() && outlives_tokens(key.retired_at, now)
}

/// Returns whether tokens of a key with this retirement time may still be valid.
fn outlives_tokens(retired_at: Option<Timestamp>, now: Timestamp) -> bool {
    retired_at.is_none_or(|at| now < at.plus_millis(TOKEN_LIFETIME_SECONDS * 1000 + MARGIN_MS))
}

#[cfg(test)]
mod tests {
    use doorward_shared::{Base64Url, admin::SigningAlgorithm};
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
    fn new_key_is_published_before_it_signs_and_retired_key_until_tokens_expire() {
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
    fn key_with_latest_start_signs() {
        let records = [es256(1, 0, None), es256(3, 2000, None), es256(2, 1000, None)];
        let set = KeySet::open(&records, &master(), at(0)).unwrap();
        for (now, expected) in [(0, 1), (999, 1), (1000, 2), (1999, 2), (2000, 3), (9000, 3)] {
            assert_eq!(set.active_id(at(now)), Some(id(expected)), "at {now}");
        }
        assert_eq!(set.active(at(0)).unwrap().algorithm(), SigningAlgorithm::Es256);
        assert!(set.active(at(0)).unwrap().sign(&claims()).is_ok());
    }

    #[test]
    fn first_key_signs_on_a_node_with_a_slow_clock() {
        let set = KeySet::open(&[es256(2, 2000, None), es256(1, 1000, None)], &master(), at(0)).unwrap();
        assert_eq!(set.active_id(at(900)), Some(id(1)));
    }

    /// The clock was ahead when the private part was destroyed, and was then corrected.
    #[test]
    fn successor_signs_instead_of_a_key_whose_private_part_was_destroyed() {
        let destroyed = SigningKeyRecord { sealed_private_key: Vec::new(), ..es256(1, 0, Some(1000)) };
        let set = KeySet::open(&[destroyed.clone(), es256(2, 1000, None)], &master(), at(500)).unwrap();
        assert_eq!((set.active_id(at(500)), published(&set, 500)), (Some(id(2)), vec![id(2), id(1)]));
        let set = KeySet::open(&[destroyed], &master(), at(500)).unwrap();
        assert!(set.active(at(500)).is_none());
    }

    /// A key set is cached, so the clock may be adjusted backwards between opening the key set and signing with it.
    #[test]
    fn successor_signs_when_the_clock_is_set_back_across_a_retirement() {
        let set = KeySet::open(&[es256(1, 0, Some(1000)), es256(2, 1000, None)], &master(), at(1500)).unwrap();
        assert_eq!(set.active_id(at(1500)), Some(id(2)));
        assert_eq!(set.active_id(at(500)), Some(id(2)));
        assert_eq!(published(&set, 500), [id(2), id(1)]);
    }

    #[test]
    fn withdrawn_key_neither_signs_nor_is_published() {
        let withdrawn = SigningKeyRecord { withdrawn_at: Some(at(500)), ..es256(1, 0, Some(500)) };
        let set = KeySet::open(&[withdrawn, es256(2, 500, None)], &master(), at(500)).unwrap();
        assert_eq!((set.active_id(at(500)), published(&set, 500)), (Some(id(2)), vec![id(2)]));
    }

    #[test]
    fn no_key_signs_if_all_are_retired() {
        let set = KeySet::open(&[es256(1, 0, Some(1000))], &master(), at(1000)).unwrap();
        assert!(set.active(at(1000)).is_none());
        assert_eq!(published(&set, 1000), [id(1)]);
        assert!(KeySet::open(&[], &master(), at(0)).unwrap().jwks(at(0)).keys.is_empty());
    }

    #[test]
    fn damaged_key_is_an_error_only_if_it_is_not_retired() {
        let damaged = |retired_at| SigningKeyRecord { sealed_private_key: vec![0; 40], ..es256(1, 0, retired_at) };
        let good = es256(2, 0, None);
        let set = KeySet::open(&[damaged(Some(1000)), good.clone()], &master(), at(1000)).unwrap();
        assert_eq!(set.active_id(at(1000)), Some(id(2)));
        assert!(KeySet::open(&[damaged(None), good], &master(), at(1000)).is_err());
    }

    #[test]
    fn document_is_a_valid_jwks() {
        let set = KeySet::open(&[es256(1, 0, None)], &master(), at(0)).unwrap();
        let document = serde_json::to_string(&set.jwks(at(0))).unwrap();
        assert!(document.starts_with(r#"{"keys":[{"kty":"EC","use":"sig","alg":"ES256","kid":"#), "{document}");
        let library: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&document).unwrap();
        assert!(library.find(&id(1).to_string()).is_some());
    }

    #[test]
    fn tokens_of_every_algorithm_verify_with_published_keys() {
        for &algorithm in SigningAlgorithm::ALL {
            let signing = record(id(1), algorithm, 0, 0);
            let retired = SigningKeyRecord { retired_at: Some(at(1000)), ..signing.clone() };
            let token = SigningKey::open(&signing, &master()).unwrap().sign(&claims()).unwrap();
            let set = KeySet::open(&[retired, es256(2, 0, None)], &master(), at(1000)).unwrap();
            assert_eq!(set.verify(&token, at(1000)), Some(claims()), "{algorithm}");
            let unpublished = at(1000 + TOKEN_LIFETIME_SECONDS * 1000 + MARGIN_MS);
            assert_eq!(set.verify(&token, unpublished), None, "{algorithm}");
            let other = KeySet::open(&[record(id(1), algorithm, 0, 0)], &master(), at(0)).unwrap();
            assert_eq!(other.verify(&token, at(0)), None, "{algorithm}: another key with the same id");
        }
    }

    #[test]
    fn changed_and_malformed_tokens_do_not_verify() {
        let record = es256(1, 0, None);
        let set = KeySet::open(std::slice::from_ref(&record), &master(), at(0)).unwrap();
        let token = SigningKey::open(&record, &master()).unwrap().sign(&claims()).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let encode = |value: serde_json::Value| Base64Url::encode(value.to_string().as_bytes());
        let header = |alg: &str, kid: u128| encode(serde_json::json!({ "alg": alg, "kid": id(kid) }));
        let claims = encode(serde_json::to_value(TokenClaims { sub: "mallory".into(), ..claims() }).unwrap());
        for changed in [
            [parts[0], &claims, parts[2]].join("."),
            [&header("EdDSA", 1), parts[1], parts[2]].join("."),
            [&header("none", 1), parts[1], ""].join("."),
            [&header("ES256", 2), parts[1], parts[2]].join("."),
            [parts[0], parts[1], ""].join("."),
            [parts[0], parts[1]].join("."),
            format!("{token}=="),
            format!("{token}."),
            format!(" {token}"),
            String::new(),
            "..".to_owned(),
        ] {
            assert_eq!(set.verify(&changed, at(0)), None, "{changed}");
        }
        assert!(set.verify(&token, at(0)).is_some());
    }
}
