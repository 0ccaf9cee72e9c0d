//! Text from outside, shown harmlessly.
//!
//! Names, user agents and ids are whatever somebody sent. Shown as they are, some characters would move the cursor,
//! change colours, turn the line around or hide in it (CVE-2021-42574, UTR #36). They are shown escaped, as Rust writes
//! them: `\u{202e}`. Everything else, accents, emoji and wide characters included, stays as it is.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Stands for what was cut off.
const ELLIPSIS: &str = "…";

/// Whether a character is shown escaped.
#[must_use]
pub const fn is_hidden(symbol: char) -> bool {
    matches!(symbol,
        // C0 with ESC, tab and line breaks; DEL; C1 with CSI.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen, combining grapheme joiner.
        | '\u{ad}' | '\u{34f}'
        // Marks and overrides of direction.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Zero width; the joiner too, since terminals do not agree on how wide joined emoji are.
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
        // Selectors of variants. The last, U+FE0F, stays behind a symbol: see `visible`.
        | '\u{fe00}'..='\u{fe0e}'
        // Hangul fillers and the Khmer vowels that are not drawn; the Mongolian vowel separator.
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Separators of lines and paragraphs.
        | '\u{2028}' | '\u{2029}'
        // Interlinear annotations.
        | '\u{fff0}'..='\u{fffb}'
        // Shorthand and musical controls.
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags and the further selectors of variants.
        | '\u{e0000}'..='\u{e0fff}'
        // Private use: what they look like is the font's affair.
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
    )
}

/// The text with every character that could do harm escaped.
///
/// Marks that combine with what stands before them are kept to three in a row: a heap of them covers the lines above.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let (mut marks, mut before) = (0_u8, None);
    for symbol in text.chars() {
        let mark = !is_hidden(symbol) && symbol.width() == Some(0);
        marks = if mark { marks.saturating_add(1) } else { 0 };
        let harmless = match (mark, before) {
            (false, _) => !is_hidden(symbol),
            // A mark needs something to stand on.
            (true, None) => false,
            (true, Some(base)) => marks <= MOST_MARKS && (symbol != EMOJI_FORM || has_emoji_form(base)),
        };
        if harmless {
            shown.push(symbol);
        } else {
            shown.extend(symbol.escape_unicode());
        }
        if !mark {
            before = Some(symbol);
        }
    }
    Cow::Owned(shown)
}

const MOST_MARKS: u8 = 3;

/// Asks for the coloured form of the symbol before it.
const EMOJI_FORM: char = '\u{fe0f}';

/// Whether U+FE0F behind this character is what people type, and not something hidden.
const fn has_emoji_form(symbol: char) -> bool {
    matches!(symbol, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// How many columns a text takes that is shown as it is.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, escaped, in at most `columns` columns: what is longer ends in `…`. Nothing is cut inside what people see as
/// one character, nor inside an escape.
#[must_use]
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    let shown = visible(text);
    if width(&shown) <= columns { shown } else { Cow::Owned(cut(&shown, columns)) }
}

/// The text, escaped, in exactly `columns` columns: cut, or filled up with spaces.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let mut cell = fit(text, columns).into_owned();
    cell.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&cell))));
    cell
}

fn cut(shown: &str, columns: usize) -> String {
    let Some(room) = columns.checked_sub(width(ELLIPSIS)) else { return String::new() };
    let mut kept = String::new();
    let mut taken = 0;
    let mut rest = shown;
    while let Some(piece) = first_piece(rest) {
        let wide = width(piece);
        if taken + wide > room {
            break;
        }
        taken += wide;
        kept.push_str(piece);
        rest = rest.get(piece.len()..).unwrap_or_default();
    }
    kept.push_str(ELLIPSIS);
    kept
}

/// What must stay together: an escape as [`visible`] writes it, or what people see as one character.
fn first_piece(text: &str) -> Option<&str> {
    let escape = text.strip_prefix("\\u{").and_then(|rest| rest.find('}')).filter(|&end| end <= 6);
    match escape {
        Some(end) => text.get(..end + "\\u{}".len()),
        None => text.graphemes(true).next(),
    }
}

#[cfg(test)]
mod tests;
