//! How API keys and admin tokens are written: `dw_<key id>_<secret>` and `dwa_<token id>_<secret>`.
//!
//! The id is a UUID as 32 hexadecimal digits and names the one stored hash the secret is checked against; the secret
//! is 192 random bits as 32 characters of base64url. Both have a fixed length, since base64url itself contains `_`.

use std::fmt;

use doorward_shared::Base64Url;
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

use super::secret::PlainSecret;
use crate::clock::{Entropy, NoEntropy, random};

/// Bytes of randomness in a secret.
const SECRET_BYTES: usize = 24;
/// Characters of a secret.
const SECRET_CHARS: usize = 32;
/// Characters of an id.
const ID_CHARS: usize = 32;
/// How many of the id's characters a hint shows.
const HINT_CHARS: usize = 4;

/// What a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A tenant's API key, for the public API.
    Api,
    /// An administrator's token, for the admin API.
    Admin,
}

impl KeyKind {
    /// How keys of this kind begin. Fixed, so that scanners for leaked secrets can find them.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Api => "dw_",
            Self::Admin => "dwa_",
        }
    }
}

/// A key that was just made.
#[derive(Clone)]
pub struct GeneratedSecret {
    /// The key's id: a random (version 4) UUID, since keys begin with it and a hint shows the beginning; ids ordered by
    /// time would begin alike for weeks.
    pub id: Uuid,
    /// The whole key, to be answered once.
    pub plain: PlainSecret,
    /// The key's secret part: what the stored hash is made of.
    pub secret: PlainSecret,
    /// How to tell the key from others without knowing it.
    pub hint: String,
}

impl GeneratedSecret {
    /// Makes a key.
    ///
    /// # Errors
    /// [`NoEntropy`] when the generator failed.
    pub fn new(kind: KeyKind, entropy: &dyn Entropy) -> Result<Self, NoEntropy> {
        let id = Builder::from_random_bytes(random(entropy)?).into_uuid();
        let bytes = Zeroizing::new(random::<SECRET_BYTES>(entropy)?);
        let secret = PlainSecret::new(Base64Url::encode(bytes.as_slice()));
        let plain = PlainSecret::new(format!("{}{}_{}", kind.prefix(), id.simple(), secret.expose()));
        Ok(Self { id, plain, secret, hint: hint(kind, id) })
    }
}

impl fmt::Debug for GeneratedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratedSecret").field("hint", &self.hint).finish_non_exhaustive()
    }
}

/// How lists show a key: by its beginning, `dw_7f3a…`.
#[must_use]
pub fn hint(kind: KeyKind, id: Uuid) -> String {
    let id = id.simple().to_string();
    format!("{}{}…", kind.prefix(), id.get(..HINT_CHARS).unwrap_or_default())
}

/// A key as a client sent it: well-formed, not yet verified.
#[derive(Debug, Clone)]
pub struct PresentedKey {
    /// Which key it claims to be.
    pub id: Uuid,
    /// Its secret part.
    pub secret: PlainSecret,
}

impl PresentedKey {
    /// Reads the value of a header, surrounding white space aside. `None` for whatever no key of this kind looks like:
    /// such a value is refused without looking anything up.
    #[must_use]
    pub fn parse(kind: KeyKind, value: &str) -> Option<Self> {
        let (id, secret) = value.trim().strip_prefix(kind.prefix())?.split_at_checked(ID_CHARS)?;
        let secret = secret.strip_prefix('_')?;
        // One way to write each key: upper case, or a UUID's other forms, would be a second name of the same key.
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !id.bytes().all(lower_hex) || secret.len() != SECRET_CHARS || !secret.bytes().all(base64url) {
            return None;
        }
        Some(Self { id: Uuid::try_parse(id).ok()?, secret: PlainSecret::new(secret.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    const ID: Uuid = Uuid::from_u128(0x7f3a_0000_0000_4000_8000_0000_0000_0001);

    #[test]
    fn a_generated_key_is_read_back() {
        for kind in [KeyKind::Api, KeyKind::Admin] {
            let made = GeneratedSecret::new(kind, &SystemEntropy::default()).unwrap();
            assert_eq!(made.plain.expose().len(), kind.prefix().len() + 65);
            let read = PresentedKey::parse(kind, &format!(" \t{}\r\n", made.plain.expose())).unwrap();
            assert_eq!(read.id, made.id);
            assert_eq!(made.hint, hint(kind, made.id));
            assert!(made.plain.expose().starts_with(made.hint.trim_end_matches('…')));
            assert_eq!(read.secret, made.secret);
        }
    }

    #[test]
    fn keys_differ_and_hints_tell_nothing_secret() {
        let entropy = SystemEntropy::default();
        let one = GeneratedSecret::new(KeyKind::Api, &entropy).unwrap();
        let other = GeneratedSecret::new(KeyKind::Api, &entropy).unwrap();
        assert_ne!(one.secret, other.secret);
        assert_ne!(one.id, other.id);
        assert_eq!(hint(KeyKind::Api, ID), "dw_7f3a…");
        assert_eq!(hint(KeyKind::Admin, ID), "dwa_7f3a…");
    }

    #[test]
    fn no_entropy_makes_no_key() {
        #[derive(Debug)]
        struct Dry;
        impl Entropy for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
                Err(NoEntropy)
            }
        }
        assert_eq!(GeneratedSecret::new(KeyKind::Api, &Dry).unwrap_err(), NoEntropy);
    }

    #[test]
    fn debug_prints_no_secret() {
        let made = GeneratedSecret::new(KeyKind::Api, &SystemEntropy::default()).unwrap();
        let read = PresentedKey::parse(KeyKind::Api, made.plain.expose()).unwrap();
        let printed = format!("{made:?} {read:?}");
        assert!(!printed.contains(made.secret.expose()), "{printed}");
    }

    #[test]
    fn whatever_is_malformed_is_no_key() {
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
