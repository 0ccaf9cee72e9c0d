//! Drawing texts: every text that is drawn goes through [`Painter`], which escapes what could do harm and measures what
//! characters take on the screen.

use doorward_shared::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Modifier, Style},
};

use super::Theme;
use crate::{
    escape::{fit, visible, width},
    field::Field,
    message::Target,
    model::Tone,
};

const SPINNER: [&str; 8] = ["⣷", "⣯", "⣟", "⡿", "⢿", "⣻", "⣽", "⣾"];

/// A frame that is being drawn.
#[derive(Debug)]
pub(crate) struct Painter<'a> {
    pub(super) buffer: &'a mut Buffer,
    /// The colours.
    pub(crate) theme: Theme,
    /// The time.
    pub(crate) now: Timestamp,
    pub(super) hits: Vec<(Rect, Target)>,
    pub(super) rows: usize,
    pub(super) caret: Option<Position>,
}

/// Columns as the terminal counts them.
#[must_use]
pub(crate) fn columns(text: &str) -> u16 {
    u16::try_from(width(&visible(text))).unwrap_or(u16::MAX)
}

impl Painter<'_> {
    /// Draws a text in at most `room` columns. Answers how many it took.
    pub(crate) fn text(&mut self, x: u16, y: u16, room: u16, text: &str, tone: Tone) -> u16 {
        self.styled(x, y, room, text, self.theme.style(tone))
    }

    /// The same, in a style of its own.
    pub(crate) fn styled(&mut self, x: u16, y: u16, room: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.y || y >= area.bottom() || x < area.x || x >= area.right() {
            return 0;
        }
        let room = room.min(area.right() - x);
        let shown = fit(text, usize::from(room));
        let (end, _) = self.buffer.set_stringn(x, y, &*shown, usize::from(room), style);
        end - x
    }

    /// Draws texts one behind another. Answers how many columns they took.
    pub(crate) fn spans(&mut self, x: u16, y: u16, room: u16, spans: &[(&str, Tone)]) -> u16 {
        let mut used = 0;
        for (text, tone) in spans {
            used += self.text(x + used, y, room.saturating_sub(used), text, *tone);
        }
        used
    }

    /// Draws texts so that they end at the right edge. Answers where they begin.
    pub(crate) fn right(&mut self, area: Rect, y: u16, spans: &[(&str, Tone)]) -> u16 {
        let wanted: u16 = spans.iter().map(|(text, _)| columns(text)).sum();
        let x = area.right().saturating_sub(wanted).max(area.x);
        self.spans(x, y, area.right() - x, spans);
        x
    }

    /// Draws a text over several lines, broken between words. Answers how many lines it took.
    pub(crate) fn wrapped(&mut self, area: Rect, text: &str, tone: Tone) -> u16 {
        let lines = wrap(text, usize::from(area.width));
        let mut y = area.y;
        for line in lines.iter().take(usize::from(area.height)) {
            self.text(area.x, y, area.width, line, tone);
            y += 1;
        }
        y - area.y
    }

    /// Draws a horizontal line.
    pub(crate) fn rule(&mut self, area: Rect, y: u16) {
        let line = "─".repeat(usize::from(area.width));
        self.styled(area.x, y, area.width, &line, self.theme.faint());
    }

    /// Lays a style over an area.
    pub(crate) fn style(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Empties an area.
    pub(crate) fn clear(&mut self, area: Rect) {
        // A wide character that begins before the area reaches into it: the terminal would draw it over what comes here.
        for y in area.y..area.bottom() {
            let before = area.x.checked_sub(1).and_then(|x| self.buffer.cell_mut((x, y)));
            if let Some(cell) = before.filter(|cell| width(cell.symbol()) > 1) {
                cell.set_symbol(" ");
            }
        }
        for position in area.intersection(self.buffer.area).positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Has clicks on an area mean something.
    pub(crate) fn hit(&mut self, area: Rect, target: Target) {
        self.hits.push((area, target));
    }

    /// Draws a border with a title in it. Answers what is inside.
    pub(crate) fn panel(&mut self, area: Rect, title: &str, focused: bool) -> Rect {
        if area.width < 4 || area.height < 2 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        let style = self.theme.line(focused);
        let line = "─".repeat(usize::from(area.width - 2));
        self.styled(area.x, area.y, area.width, &format!("╭{line}╮"), style);
        self.styled(area.x, area.bottom() - 1, area.width, &format!("╰{line}╯"), style);
        for y in area.y + 1..area.bottom() - 1 {
            self.styled(area.x, y, 1, "│", style);
            self.styled(area.right() - 1, y, 1, "│", style);
        }
        if !title.is_empty() {
            let room = area.width - 4;
            let title = format!(" {} ", fit(title, usize::from(room.saturating_sub(2))));
            let tone = if focused { Tone::Accent } else { Tone::Strong };
            let style = self.theme.style(tone).add_modifier(Modifier::BOLD);
            self.styled(area.x + 2, area.y, room, &title, style);
        }
        Rect::new(area.x + 2, area.y + 1, area.width - 4, area.height - 2)
    }

    /// Draws a line that is being written, with the caret in view.
    pub(crate) fn field(&mut self, x: u16, y: u16, room: u16, field: &Field, focused: bool) {
        let (before, behind) = field.around_cursor();
        let (before, behind) = (visible(before), visible(behind));
        let room_left = usize::from(room.saturating_sub(1));
        // What no longer fits before the caret leaves on the left.
        let mut start = before.as_ref();
        while width(start) > room_left {
            let mut symbols = start.chars();
            symbols.next();
            start = symbols.as_str();
        }
        let used = self.text(x, y, room, start, Tone::Plain);
        self.text(x + used, y, room.saturating_sub(used), &behind, Tone::Plain);
        if focused {
            self.caret = Some(Position::new(x + used, y));
        }
        self.style(Rect::new(x, y, room, 1), Style::new().add_modifier(Modifier::UNDERLINED));
    }

    /// What turns while something is awaited.
    #[must_use]
    pub(crate) fn spinner(&self) -> &'static str {
        let at = usize::try_from(self.now.millis().div_euclid(100).rem_euclid(8)).unwrap_or(0);
        SPINNER.get(at).copied().unwrap_or_default()
    }
}

/// Breaks a text between words, or inside one that is longer than a line. Line breaks in the text count.
#[must_use]
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let shown = visible(paragraph);
        let mut line = String::new();
        for word in shown.split_inclusive(' ') {
            if !line.is_empty() && width(&line) + width(word.trim_end()) > room {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            let mut rest = word;
            while width(rest.trim_end()) > room.max(1) {
                let head = head(rest, room.max(1));
                let (piece, tail) = rest.split_at(head);
                line.push_str(piece);
                lines.push(std::mem::take(&mut line));
                rest = tail;
            }
            line.push_str(rest);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// How many bytes of a text fit, at least one character's.
fn head(text: &str, room: usize) -> usize {
    let mut end = text.chars().next().map_or(0, char::len_utf8);
    for (at, symbol) in text.char_indices() {
        let next = at + symbol.len_utf8();
        if width(text.get(..next).unwrap_or_default()) > room {
            break;
        }
        end = end.max(next);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_between_words_and_inside_long_ones() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("界界界", 5), ["界界", "界"]);
        assert_eq!(wrap("a\nb", 5), ["a", "b"]);
        assert_eq!(wrap("", 5), [""]);
        // Narrower than a character: still an end.
        assert_eq!(wrap("界界", 1), ["界", "界", ""]);
    }
}
