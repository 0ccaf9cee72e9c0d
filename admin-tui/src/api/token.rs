//! The admin token.

use std::fmt;

use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// An admin token. Its `Debug` shows nothing of it, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// A text that cannot be an admin token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// There is nothing.
    #[error("the admin token is empty")]
    Empty,
    /// It holds spaces, line breaks or characters outside ASCII.
    #[error("an admin token has neither spaces nor line breaks, and nothing outside ASCII")]
    Characters,
}

impl Token {
    /// Takes a token as it stands in a file or variable; space around it is not part of it.
    ///
    /// # Errors
    /// [`InvalidToken`].
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::Characters);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The value of `Authorization` (RFC 6750 §2.1).
    pub(crate) fn header(&self) -> Result<HeaderValue, InvalidToken> {
        let text = Zeroizing::new(format!("Bearer {}", self.0.as_str()));
        let mut value = HeaderValue::from_str(&text).map_err(|_| InvalidToken::Characters)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_nothing_of_itself() {
        let token = Token::new(" dwa_hunter2\n").unwrap();
        assert_eq!(format!("{token:?}"), "Token");
        let header = token.header().unwrap();
        assert_eq!(header, "Bearer dwa_hunter2");
        assert!(!format!("{header:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        assert_eq!(Token::new(" \n").unwrap_err(), InvalidToken::Empty);
        for text in ["two words", "two\nlines", "t\u{f6}ken", "tok\u{7f}en"] {
            assert_eq!(Token::new(text).unwrap_err(), InvalidToken::Characters, "{text:?}");
        }
    }
}
