//! Validation of single fields, with the messages of the wire contract.

use doorward_shared::Timestamp;

use super::Refusal;
use crate::domain::user::MAX_USER_HANDLE_BYTES;

/// Maximum number of characters of a name, identifier or label.
pub const MAX_TEXT_CHARS: usize = 128;

/// Validates a field that must be present and must not be blank.
pub fn required(field: &str, value: Option<String>) -> Result<String, Refusal> {
    match value {
        Some(text) if text.contains('\0') => Err(without_nul(field)),
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Refusal::Invalid(format!("{field} is a required field"))),
    }
}

/// Error for U+0000, which PostgreSQL cannot store in text.
fn without_nul(field: &str) -> Refusal {
    Refusal::Invalid(format!("{field} must not contain the character U+0000"))
}

/// Validates a field that must be present and have at most [`MAX_TEXT_CHARS`] characters.
pub fn label(field: &str, value: Option<String>) -> Result<String, Refusal> {
    required(field, value).and_then(|text| short(field, text))
}

/// Validates a text of at most [`MAX_TEXT_CHARS`] characters.
pub fn short(field: &str, text: String) -> Result<String, Refusal> {
    if text.contains('\0') {
        return Err(without_nul(field));
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        return Err(Refusal::Invalid(format!("{field} must be a maximum of {MAX_TEXT_CHARS} characters in length")));
    }
    Ok(text)
}

/// Validates a user id of the tenant's system. It becomes the user handle, which has at most 64 bytes.
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
        _ => Err(Refusal::Invalid(format!("{field} must be a valid URL of at most 2048 characters"))),
    }
}

/// Validates an optional time that must be in the future.
pub fn future(field: &str, value: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    match value {
        Some(at) if at <= now => Err(Refusal::Invalid(format!("{field} must lie in the future"))),
        other => Ok(other),
    }
}
