//! A secret in plain text.

use std::fmt;

use zeroize::Zeroizing;

/// A secret in plain text. Its memory is wiped on drop, and `Debug` does not print it.
///
/// It has no `PartialEq`: secrets are compared by their hashes, in constant time.
#[derive(Clone)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct PlainSecret(Zeroizing<String>);

impl PlainSecret {
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// Returns the secret itself, for hashing it or for the one response that contains it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::PlainSecret;

    #[test]
    fn debug_prints_no_secret() {
        let printed = format!("{:?} {:#?}", PlainSecret::new("hunter2".into()), PlainSecret::new("hunter2".into()));
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
