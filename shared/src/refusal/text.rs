//! Texts of a detail: escaped, and limited in size.

const ELLIPSIS: char = '…';

/// Returns whether a character can control a terminal, change the direction of text, or is invisible.
pub(super) const fn needs_escape(symbol: char) -> bool {
    matches!(symbol,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns the size of a text as a JSON string, without quotation marks. The text must have no control characters.
pub(super) fn json_bytes(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// Escapes a text as in Rust (`\u{1b}`) and shortens it to at most `bytes` bytes in JSON.
pub(super) fn bounded(text: &str, bytes: usize) -> String {
    let mut kept = String::new();
    let mut left = bytes.saturating_sub(ELLIPSIS.len_utf8());
    for symbol in text.chars() {
        let piece = if needs_escape(symbol) { symbol.escape_unicode().to_string() } else { symbol.to_string() };
        let Some(rest) = left.checked_sub(json_bytes(&piece)) else {
            kept.push(ELLIPSIS);
            break;
        };
        left = rest;
        kept.push_str(&piece);
    }
    kept
}
