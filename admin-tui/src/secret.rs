//! A secret on its way from the server to the one screen that shows it.

use std::fmt;

use doorward_shared::{Timestamp, admin::CreatedSecret};
use zeroize::Zeroizing;

/// A secret text. Its `Debug` shows nothing of it, and its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text as a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself: for the screen that shows it, and for the clipboard.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A key or token that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    /// Its name for people.
    pub name: String,
    /// The secret.
    pub secret: Secret,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

impl From<CreatedSecret> for Revealed {
    fn from(created: CreatedSecret) -> Self {
        Self { name: created.name, secret: Secret::new(created.secret), expires_at: created.expires_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        let created = CreatedSecret {
            id: uuid::Uuid::nil(),
            name: "ci".to_owned(),
            secret: "dw_hunter2".to_owned(),
            created_at: Timestamp::from_millis(0),
            expires_at: None,
        };
        let revealed = Revealed::from(created);
        assert_eq!(revealed.secret.reveal(), "dw_hunter2");
        assert!(!format!("{revealed:?}").contains("hunter2"));
    }
}
