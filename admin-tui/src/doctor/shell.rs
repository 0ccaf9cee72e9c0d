//! Quoting of texts in commands that users copy into a shell.

use crate::sanitize::needs_escape;

/// Quotes a text for POSIX shells.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns a text as one word of a command, in quotes if it needs them.
pub(super) fn word(text: &str) -> String {
    let is_plain = |symbol: char| symbol.is_ascii_alphanumeric() || "-_.".contains(symbol);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// Returns a text as a JSON string; `None` if it contains characters that a terminal may show in a misleading way.
pub(super) fn json_string(text: &str) -> Option<String> {
    if text.chars().any(needs_escape) { None } else { serde_json::to_string(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_control_characters_cannot_leave_the_argument() {
        assert_eq!(quoted("a'; rm -rf /; '"), r"'a'\''; rm -rf /; '\'''");
        assert_eq!(json_string("a\"b").as_deref(), Some("\"a\\\"b\""));
        assert_eq!(json_string("a\u{1b}b"), None);
    }
}
