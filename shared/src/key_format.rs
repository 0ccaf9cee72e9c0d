//! Text form of API keys and admin tokens: `dw_<key id>_<secret>` and `dwa_<token id>_<secret>`.
//!
//! The id is a UUID of 32 hexadecimal digits that identifies the stored hash. The id is not secret.

use std::borrow::Cow;

/// Number of characters of an id.
pub const ID_CHARS: usize = 32;
/// Number of characters of the id in a hint.
const HINT_CHARS: usize = 4;

/// The API that a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    Api,
    Admin,
}

impl KeyKind {
    const ALL: [Self; 2] = [Self::Api, Self::Admin];

    /// Returns the prefix of keys of this kind. It is fixed, so that scanners for leaked secrets can find keys.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Api => "dw_",
            Self::Admin => "dwa_",
        }
    }

    /// Returns the human-readable form of keys of this kind.
    pub const fn form(self) -> &'static str {
        match self {
            Self::Api => "dw_<key id>_<secret>",
            Self::Admin => "dwa_<token id>_<secret>",
        }
    }

    /// Returns the hint by which lists show a key: its first characters and an ellipsis, `dw_7f3a…`. `key` is the key
    /// without its prefix, or only the id.
    pub fn hint(self, key: &str) -> String {
        format!("{}{}…", self.prefix(), key.get(..HINT_CHARS).unwrap_or_default())
    }
}

/// Replaces API keys and admin tokens in a text with their hints. Otherwise, a caller that sends a key in place of an
/// id would reveal the key to the readers of the audit log.
///
/// Truncated keys are replaced as well: after a prefix, any text that is longer than an id, or as long as an id but not
/// hexadecimal. Other texts, such as an id alone, are kept.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, kind, tail)) = next_key(rest) {
        let end = tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(tail.len());
        let (key, after) = tail.split_at(end);
        out.push_str(before);
        // A text of at least `ID_CHARS` characters that is not an id contains a secret, with or without its key's id.
        let is_id = key.len() == ID_CHARS && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id && key.len() >= ID_CHARS {
            out.push_str(&kind.hint(key));
        } else {
            out.push_str(kind.prefix());
            out.push_str(key);
        }
        rest = after;
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Splits a text at the first prefix of a key: the text before it, the kind of key, and the text after it.
fn next_key(text: &str) -> Option<(&str, KeyKind, &str)> {
    let splits = KeyKind::ALL.into_iter().filter_map(|kind| {
        let (before, after) = text.split_once(kind.prefix())?;
        Some((before, kind, after))
    });
    splits.min_by_key(|(before, ..)| before.len())
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
            (format!("dwa_{secret}"), "dwa_AbCd…".to_owned()),
            (format!("日本 'dw_{id}_{secret}'"), "日本 'dw_0123…'".to_owned()),
            ("日本 dw_".to_owned(), "日本 dw_".to_owned()),
            (String::new(), String::new()),
        ] {
            assert_eq!(without_keys(&text), expected, "{text}");
        }
    }
}
