//! Validation of single fields. Clients see the error messages.

use doorward_shared::Timestamp;

use super::Refusal;
use crate::domain::user::MAX_USER_HANDLE_BYTES;

/// Maximum number of characters of a name, identifier or label.
pub const MAX_TEXT_CHARS: usize = 128;

/// Validates a field that must be present and must not be blank.
pub fn required(field: &str, value: Option<String>) -> Result<String, Refusal> {
    match value.filter(|text| !text.trim().is_empty()) {
        None => Err(Refusal::Invalid(format!("{field} is a required field"))),
        Some(text) if text.contains(is_control) => Err(without_controls(field)),
        Some(text) => Ok(text),
    }
}

/// Returns whether a character can control a terminal, break a line or change the direction of text. Such characters
/// can falsify what a log or a list shows, and PostgreSQL cannot store U+0000.
fn is_control(symbol: char) -> bool {
    symbol.is_control() || matches!(symbol, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn without_controls(field: &str) -> Refusal {
    Refusal::Invalid(format!("{field} must not contain control characters, such as line breaks or U+202E"))
}

/// Validates a field that must be present and have at most [`MAX_TEXT_CHARS`] characters.
pub fn label(field: &str, value: Option<String>) -> Result<String, Refusal> {
    required(field, value).and_then(|text| short(field, text))
}

/// Validates a text of at most [`MAX_TEXT_CHARS`] characters.
pub fn short(field: &str, text: String) -> Result<String, Refusal> {
    if text.contains(is_control) {
        return Err(without_controls(field));
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        return Err(Refusal::Invalid(format!("{field} must be a maximum of {MAX_TEXT_CHARS} characters in length")));
    }
    Ok(text)
}

/// Validates a user id. The id becomes the user handle, which has at most 64 bytes.
pub fn user_id(value: Option<String>) -> Result<String, Refusal> {
    let text = required("user_id", value)?;
    if text.len() > MAX_USER_HANDLE_BYTES {
        return Err(Refusal::Invalid(format!("user_id must be a maximum of {MAX_USER_HANDLE_BYTES} bytes in length")));
    }
    Ok(text)
}

/// Validates an optional field that must be an absolute `http`, `https` or `data` URL.
pub fn url(field: &str, value: Option<String>) -> Result<Option<String>, Refusal> {
    let Some(text) = value.filter(|text| !text.is_empty()) else { return Ok(None) };
    match url::Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "data") && text.len() <= 2048 && !text.contains('\0') => {
            Ok(Some(text))
        }
        _ => Err(Refusal::Invalid(format!("{field} must be a valid URL of at most 2048 bytes"))),
    }
}

/// Validates an optional time that must be in the future.
pub fn future(field: &str, value: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    match value {
        Some(at) if at <= now => Err(Refusal::Invalid(format!("{field} must lie in the future"))),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused() {
        for symbol in ['\0', '\t', '\n', '\u{1b}', '\u{7f}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{2066}'] {
            let text = format!("a{symbol}b");
            assert!(user_id(Some(text.clone())).is_err(), "{symbol:?}");
            assert!(label("name", Some(text.clone())).is_err(), "{symbol:?}");
            assert!(short("display_name", text).is_err(), "{symbol:?}");
        }
        for text in ["Zoë 日本", "\u{200f}עברית\u{200e}", "👩\u{200d}💻"] {
            assert_eq!(label("name", Some(text.to_owned())), Ok(text.to_owned()));
        }
    }
}
