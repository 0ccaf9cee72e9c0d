//! Makes text from other people or systems safe to print on a terminal.
//!
//! Names, user agents and ids may contain characters that move the cursor, change colours, reverse the direction of the
//! line or are invisible (CVE-2021-42574, UTR #36). These characters are shown as Rust escapes, such as `\u{202e}`. All
//! other characters, including accents, emoji and wide characters, are unchanged.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

const ELLIPSIS: &str = "…";
/// Maximum number of combining marks in a row. More of them could cover the lines above.
const MAX_MARKS: u8 = 3;
/// Variation selector that requests the emoji form of the character before it.
const EMOJI_SELECTOR: char = '\u{fe0f}';

/// Returns whether a character is always escaped.
pub const fn needs_escape(symbol: char) -> bool {
    matches!(symbol,
        // C0 controls (ESC, tab, line breaks), DEL, and C1 controls (CSI).
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen and combining grapheme joiner.
        | '\u{ad}' | '\u{34f}'
        // Directional marks, embeddings, overrides and isolates.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Zero-width characters. Includes the joiner: terminals disagree on the width of joined emoji.
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
        // Variation selectors, except `EMOJI_SELECTOR`.
        | '\u{fe00}'..='\u{fe0e}'
        // Invisible letters: Hangul fillers, Khmer inherent vowels, Mongolian separators.
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Line and paragraph separators.
        | '\u{2028}' | '\u{2029}'
        // Interlinear annotations.
        | '\u{fff0}'..='\u{fffb}'
        // Invisible format characters of shorthand and of musical notation.
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags and supplementary variation selectors.
        | '\u{e0000}'..='\u{e0fff}'
        // Private use characters: their appearance depends on the font.
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
    )
}

/// Escapes unsafe characters, combining marks without a base character, and combining marks beyond [`MAX_MARKS`].
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let (mut marks, mut base) = (0_u8, None);
    for symbol in text.chars() {
        let is_mark = !needs_escape(symbol) && symbol.width() == Some(0);
        marks = if is_mark { marks.saturating_add(1) } else { 0 };
        let is_safe = match (is_mark, base) {
            (false, _) => !needs_escape(symbol),
            (true, None) => false,
            (true, Some(base)) => marks <= MAX_MARKS && (symbol != EMOJI_SELECTOR || has_emoji_form(base)),
        };
        if is_safe {
            safe.push(symbol);
        } else {
            safe.extend(symbol.escape_unicode());
        }
        if !is_mark {
            base = Some(symbol);
        }
    }
    Cow::Owned(safe)
}

/// Returns whether [`EMOJI_SELECTOR`] commonly follows this character. After any other character, the selector would be
/// invisible.
const fn has_emoji_form(symbol: char) -> bool {
    matches!(symbol, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Returns the number of terminal columns of a sanitized text.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Sanitizes the text and truncates it to at most `columns`. Truncated text ends with `…`. Grapheme clusters and
/// escapes are not split.
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    let safe = sanitize(text);
    if width(&safe) <= columns { safe } else { Cow::Owned(cut(&safe, columns)) }
}

/// Sanitizes the text and makes it exactly `columns` wide: truncated, or padded with spaces.
pub fn pad(text: &str, columns: usize) -> String {
    let mut cell = truncate(text, columns).into_owned();
    cell.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&cell))));
    cell
}

fn cut(safe: &str, columns: usize) -> String {
    let Some(mut room) = columns.checked_sub(width(ELLIPSIS)) else { return String::new() };
    let (mut kept, mut rest) = (String::new(), safe);
    while let Some(unit) = first_unit(rest) {
        let Some(remaining) = room.checked_sub(width(unit)) else { break };
        room = remaining;
        kept.push_str(unit);
        rest = rest.get(unit.len()..).unwrap_or_default();
    }
    kept + ELLIPSIS
}

/// Returns the first unit that must not be split: an escape written by [`sanitize`], or a grapheme cluster.
fn first_unit(text: &str) -> Option<&str> {
    let escape = text.strip_prefix("\\u{").and_then(|rest| rest.find('}')).filter(|&end| end <= 6);
    match escape {
        Some(end) => text.get(..end + "\\u{}".len()),
        None => text.graphemes(true).next(),
    }
}

#[cfg(test)]
mod tests;
