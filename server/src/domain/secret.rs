//! Stored API keys, admin tokens and signing keys. None contains its secret in plain text.

use std::borrow::Cow;

use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId, TenantId, Timestamp,
    admin::{Role, SigningAlgorithm},
};

/// An Argon2id hash (PHC string). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(String);

impl SecretHash {
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// Returns the PHC string, for verification and storage.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub tenant_id: TenantId,
    /// Public part of the key.
    pub id: ApiKeyId,
    pub name: String,
    /// First characters of the key.
    pub hint: String,
    pub hash: SecretHash,
    pub created_at: Timestamp,
    /// Time from which the key is rejected.
    pub expires_at: Option<Timestamp>,
    /// Time of its last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
    /// Time at which an administrator disabled the key; `None` while it is enabled.
    pub disabled_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// Public part of the key.
    pub id: AdminTokenId,
    /// Unique name. Audit entries show it as the actor.
    pub name: String,
    pub role: Role,
    /// First characters of the token.
    pub hint: String,
    pub hash: SecretHash,
    pub created_at: Timestamp,
    /// Time from which the token is rejected.
    pub expires_at: Option<Timestamp>,
    /// Time of its last use, with a precision of one minute.
    pub last_used_at: Option<Timestamp>,
}

/// A tenant's signing key. The private key is encrypted with the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    pub tenant_id: TenantId,
    /// `kid` in tokens.
    pub id: SigningKeyId,
    pub algorithm: SigningAlgorithm,
    /// Public key as a JWK (RFC 7517), serialised as JSON.
    pub public_jwk: String,
    pub sealed_private_key: Vec<u8>,
    /// Time of creation; the key is published from then on.
    pub created_at: Timestamp,
    /// Time from which it signs.
    pub signs_from: Timestamp,
    /// Time from which the key no longer signs. It stays published until its last token has expired.
    pub retired_at: Option<Timestamp>,
    /// Time at which the key was removed from the JWKS. From then on, verifiers refuse its tokens.
    pub withdrawn_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKeyRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyRecord")
            .field("tenant_id", &self.tenant_id)
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Prefixes of API keys and admin tokens.
const KEY_PREFIXES: [&str; 2] = ["dw_", "dwa_"];
/// Number of characters of a key's id, and of those that a hint shows.
const ID_CHARS: usize = 32;
const HINT_CHARS: usize = 4;

/// Replaces API keys and admin tokens in a text by their hints (`dw_7f3a…`), also if they are cut. Callers that mistake
/// a key for an id would otherwise reveal it to the readers of the audit log.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, prefix, tail)) = next_prefix(rest) {
        let key = tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(tail.len());
        let (key, after) = tail.split_at(key);
        out.push_str(before);
        out.push_str(prefix);
        // The id alone is not secret.
        out.push_str(if key.len() > ID_CHARS { key.get(..HINT_CHARS).unwrap_or_default() } else { key });
        out.push_str(if key.len() > ID_CHARS { "…" } else { "" });
        rest = after;
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Splits a text at the first prefix of a key: before, prefix and after.
fn next_prefix(text: &str) -> Option<(&str, &'static str, &str)> {
    let found = KEY_PREFIXES.iter().filter_map(|prefix| text.find(prefix).map(|at| (at, *prefix))).min()?;
    let (before, tail) = text.split_at_checked(found.0)?;
    Some((before, found.1, tail.get(found.1.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_replaced_by_their_hints() {
        let id = "0123456789abcdef0123456789abcdef";
        let secret = "AbCdEfGhIjKlMnOpQrStUvWxYz-_0123";
        for (text, expected) in [
            (format!("/tenants/x/dw_{id}_{secret}/disabled"), "/tenants/x/dw_0123…/disabled".to_owned()),
            (format!("dwa_{id}_{secret}"), "dwa_0123…".to_owned()),
            (format!("a dw_{id}_{secret}, dwa_{id}_{secret}"), "a dw_0123…, dwa_0123…".to_owned()),
            (format!("dwa_{id}_AbC"), "dwa_0123…".to_owned()),
            (format!("dw_{id}"), format!("dw_{id}")),
            ("dw_7f3a… is a hint".to_owned(), "dw_7f3a… is a hint".to_owned()),
            ("no key: dw, dwa_".to_owned(), "no key: dw, dwa_".to_owned()),
        ] {
            assert_eq!(without_keys(&text), expected, "{text}");
        }
    }
}
