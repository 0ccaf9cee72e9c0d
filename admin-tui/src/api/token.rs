//! The admin token.

use std::fmt;

use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// An admin token. Its `Debug` output hides the value, and its memory is cleared on drop.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("the admin token is empty")]
    Empty,
    #[error("the admin token contains spaces, line breaks or characters outside ASCII")]
    Characters,
}

impl Token {
    /// Validates a token from a file or an environment variable. Surrounding whitespace is removed.
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

    /// Returns the value of the `Authorization` header (RFC 6750 §2.1).
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
    fn debug_output_hides_the_token() {
        let token = Token::new(" dwa_hunter2\n").unwrap();
        assert_eq!(format!("{token:?}"), "Token");
        let header = token.header().unwrap();
        assert_eq!(header, "Bearer dwa_hunter2");
        assert!(!format!("{header:?}").contains("hunter2"));
    }

    #[test]
    fn invalid_characters_are_rejected() {
        assert_eq!(Token::new(" \n").unwrap_err(), InvalidToken::Empty);
        for text in ["two words", "two\nlines", "t\u{f6}ken", "tok\u{7f}en"] {
            assert_eq!(Token::new(text).unwrap_err(), InvalidToken::Characters, "{text:?}");
        }
    }
}
