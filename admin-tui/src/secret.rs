//! Secrets that the server returns once.

use std::fmt;

use doorward_shared::{Timestamp, admin::CreatedSecret};
use zeroize::Zeroizing;

/// A secret text. `Debug` does not print it, and its memory is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the text, for the dialog that shows it and for the clipboard.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    pub name: String,
    pub secret: Secret,
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
    fn debug_does_not_print_the_secret() {
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
