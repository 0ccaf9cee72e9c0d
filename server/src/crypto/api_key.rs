//! Generates and parses API keys and admin tokens; [`doorward_shared::key_format`] describes their form.
//!
//! The secret consists of 192 random bits, encoded as 32 characters of base64url. The lengths of id and secret are
//! fixed, because base64url can contain the separator `_`.

use std::fmt;

use doorward_shared::{
    Base64Url,
    key_format::{ID_CHARS, KeyKind},
};
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use super::{
    key_hash::{self, HashError},
    secret::PlainSecret,
};
use crate::{
    clock::{Entropy, random},
    domain::SecretHash,
};

const SECRET_BYTES: usize = 24;
const SECRET_CHARS: usize = 32;
/// Number of random bytes in the secret of an imported key.
const IMPORTED_BYTES: usize = 64;

/// A newly generated key, with the hash to store.
#[derive(Clone)]
pub struct GeneratedSecret {
    /// Key id: a random UUID (version 4). The hint shows its first characters. A UUID of version 7 is not used, because
    /// it begins with the time: all keys created within several weeks would have the same hint.
    pub id: Uuid,
    /// The whole key. The database contains only its hash.
    pub plain: PlainSecret,
    pub hash: SecretHash,
    /// First characters of the key, by which people recognise it.
    pub hint: String,
}

impl GeneratedSecret {
    pub fn new(kind: KeyKind, entropy: &dyn Entropy) -> Result<Self, HashError> {
        let id = Builder::from_random_bytes(random(entropy)?).into_uuid();
        let bytes = Zeroizing::new(random::<SECRET_BYTES>(entropy)?);
        let secret = PlainSecret::new(Base64Url::encode(bytes.as_slice()));
        Self::from_presented(kind, PresentedKey { id, secret }, entropy)
    }

    /// Hashes an existing key. The first admin token is such a key: it is written to a file before its hash is stored.
    pub fn from_presented(kind: KeyKind, key: PresentedKey, entropy: &dyn Entropy) -> Result<Self, HashError> {
        let PresentedKey { id, secret } = key;
        let plain = PlainSecret::new(format!("{}{}_{}", kind.prefix(), id.simple(), secret.expose()));
        Ok(Self { id, plain, hash: key_hash::hash(&secret, entropy)?, hint: hint(kind, id) })
    }
}

impl fmt::Debug for GeneratedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratedSecret").field("hint", &self.hint).finish_non_exhaustive()
    }
}

/// Returns the hint of the key with this id, `dw_7f3a…`.
pub fn hint(kind: KeyKind, id: Uuid) -> String {
    kind.hint(&id.simple().to_string())
}

/// A key sent by a client: well-formed, but not verified.
#[derive(Debug, Clone)]
pub struct PresentedKey {
    pub id: Uuid,
    pub secret: PlainSecret,
}

impl PresentedKey {
    /// Parses the value of a header; surrounding white space is ignored. Returns `None` if the value does not have the
    /// form of this kind of key, so that it is rejected without a lookup.
    pub fn parse(kind: KeyKind, value: &str) -> Option<Self> {
        let (id, secret) = value.trim().strip_prefix(kind.prefix())?.split_at_checked(ID_CHARS)?;
        let secret = secret.strip_prefix('_')?;
        // Upper-case digits and other notations of a UUID are rejected, so that each key has one spelling.
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !id.bytes().all(lower_hex) || secret.len() != SECRET_CHARS || !secret.bytes().all(base64url) {
            return None;
        }
        Some(Self { id: Uuid::try_parse(id).ok()?, secret: PlainSecret::new(secret.to_owned()) })
    }

    /// Describes a value that is not a key of this kind. The description contains no part of the value.
    pub fn describe_malformed(kind: KeyKind, value: &str) -> &'static str {
        let (other, name) = match kind {
            KeyKind::Api => (KeyKind::Admin, "an admin token"),
            KeyKind::Admin => (KeyKind::Api, "an API key"),
        };
        if Self::parse(other, value).is_some() {
            name
        } else if value.trim().starts_with(kind.prefix()) {
            "a value with the right prefix, but another length or other characters"
        } else if value.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
            "a value that begins with `Bearer `"
        } else {
            "a value without the right prefix"
        }
    }
}

/// Parses a secret of an imported API key: 64 bytes in base64url with padding. Other secrets are not imported: a person
/// may have chosen them, so they may be easy to guess.
pub fn imported_secret(value: &str) -> Option<PlainSecret> {
    let value = value.trim();
    let unpadded = value.strip_suffix("==")?;
    let bytes = Zeroizing::new(Base64Url::decode(unpadded).ok()?.0);
    // The comparison rejects other texts that decode to the same bytes, so that each secret has one spelling.
    (bytes.len() == IMPORTED_BYTES && Base64Url::encode(&bytes) == unpadded).then(|| PlainSecret::new(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{NoEntropy, SystemEntropy};

    const ID: Uuid = Uuid::from_u128(0x7f3a_0000_0000_4000_8000_0000_0000_0001);

    #[test]
    fn generated_key_parses_and_verifies() {
        for kind in [KeyKind::Api, KeyKind::Admin] {
            let generated = GeneratedSecret::new(kind, &SystemEntropy::default()).unwrap();
            assert_eq!(generated.plain.expose().len(), kind.prefix().len() + 65);
            let parsed = PresentedKey::parse(kind, &format!(" \t{}\r\n", generated.plain.expose())).unwrap();
            assert_eq!(parsed.id, generated.id);
            assert_eq!(generated.hint, hint(kind, generated.id));
            assert!(generated.plain.expose().starts_with(generated.hint.trim_end_matches('…')));
            assert_eq!(key_hash::verify(&parsed.secret, &generated.hash), Ok(true));
        }
    }

    #[test]
    fn malformed_keys_are_described_without_their_value() {
        let key = |kind| GeneratedSecret::new(kind, &SystemEntropy::default()).unwrap().plain.expose().to_owned();
        let (api, admin) = (key(KeyKind::Api), key(KeyKind::Admin));
        for (kind, value, expected) in [
            (KeyKind::Api, admin.as_str(), "an admin token"),
            (KeyKind::Admin, &api, "an API key"),
            (KeyKind::Api, &format!("Bearer {api}"), "a value that begins with `Bearer `"),
            (KeyKind::Api, &api[..40], "a value with the right prefix, but another length or other characters"),
            (KeyKind::Api, "hunter2", "a value without the right prefix"),
            (KeyKind::Api, "日本語です", "a value without the right prefix"),
        ] {
            assert_eq!(PresentedKey::describe_malformed(kind, value), expected);
        }
    }

    #[test]
    fn imported_secret_has_64_bytes_and_one_spelling() {
        let text = format!("{}==", Base64Url::encode(&[0xab; 64]));
        assert_eq!(imported_secret(&format!(" {text}\n")).unwrap().expose(), text);
        for wrong in ["", "==", "my-own-secret", &text[..86], &text.replace("qw==", "qx=="), &format!("{text}=")] {
            assert!(imported_secret(wrong).is_none(), "{wrong}");
        }
        for bytes in [63, 65, 66] {
            assert!(imported_secret(&format!("{}==", Base64Url::encode(&vec![0xab; bytes]))).is_none());
        }
    }

    #[test]
    fn keys_differ_and_hints_contain_no_secret() {
        let entropy = SystemEntropy::default();
        let one = GeneratedSecret::new(KeyKind::Api, &entropy).unwrap();
        let other = GeneratedSecret::new(KeyKind::Api, &entropy).unwrap();
        assert_ne!(one.plain, other.plain);
        assert_ne!(one.id, other.id);
        assert_eq!(hint(KeyKind::Api, ID), "dw_7f3a…");
        assert_eq!(hint(KeyKind::Admin, ID), "dwa_7f3a…");
    }

    #[test]
    fn no_key_is_generated_without_entropy() {
        #[derive(Debug)]
        struct Empty;
        impl Entropy for Empty {
            fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
                Err(NoEntropy)
            }
        }
        assert_eq!(GeneratedSecret::new(KeyKind::Api, &Empty).unwrap_err(), HashError::NoEntropy(NoEntropy));
    }

    #[test]
    fn debug_prints_no_secret() {
        let generated = GeneratedSecret::new(KeyKind::Api, &SystemEntropy::default()).unwrap();
        let parsed = PresentedKey::parse(KeyKind::Api, generated.plain.expose()).unwrap();
        let printed = format!("{generated:?} {parsed:?}");
        assert!(!printed.contains(parsed.secret.expose()), "{printed}");
    }

    #[test]
    fn malformed_keys_are_rejected() {
        let id = ID.simple().to_string();
        let secret = "A".repeat(32);
        assert!(PresentedKey::parse(KeyKind::Api, &format!("dw_{id}_{secret}")).is_some());
        for value in [
            String::new(),
            "dw_".into(),
            "dw__".into(),
            format!("dw_{id}"),
            format!("dw_{id}_"),
            format!("dw_{id}_{secret}A"),
            format!("dw_{id}-{secret}"),
            format!("dw_{}_{secret}", id.to_uppercase()),
            format!("dw_{ID}_{secret}"),
            format!("dwa_{id}_{secret}"),
            format!("DW_{id}_{secret}"),
            format!("dw_{id}_{}", "é".repeat(16)),
            format!("dw_{}_{secret}", "é".repeat(16)),
            format!("dw_{}ü{secret}", &id[..31]),
            format!("dw_{id}_{}+", "A".repeat(31)),
            format!("dw_{id}_{}", "🦀".repeat(8)),
        ] {
            assert!(PresentedKey::parse(KeyKind::Api, &value).is_none(), "{value}");
        }
        assert!(PresentedKey::parse(KeyKind::Admin, &format!("dw_{id}_{secret}")).is_none());
    }
}
