//! Drawing into a frame with ratatui's widgets.
//!
//! All text passes through [`Canvas`], which escapes control and invisible characters and truncates text that does not
//! fit. Nothing outside of `ui` uses ratatui's text or widgets.

use std::borrow::Cow;

use doorward_shared::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::{Block, BorderType, Borders, Clear, LineGauge, Padding, Paragraph, Widget},
};

use super::{
    keymap::Command,
    route::Section,
    text_input::TextInput,
    theme::{Theme, Tone},
};
use crate::{
    sanitize::{sanitize, truncate, width},
    zone::Zone,
};

const SPINNER: [&str; 8] = ["⣷", "⣯", "⣟", "⡿", "⢿", "⣻", "⣽", "⣾"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClickTarget {
    Section(Section),
    /// A screen in the path of open screens, by its depth.
    PathItem(usize),
    Tab(usize),
    Row(usize),
    OtherRow(usize),
    /// The title of a column of the focused list.
    Column(usize),
    /// A row of a list that is not focused, on a screen with several lists: the number of the list, and the index of
    /// the row in it.
    ListRow(usize, usize),
    Chip(usize),
    /// One of the choices of a form field. `row` is the index of the field in the form.
    Choice {
        row: usize,
        choice: usize,
    },
    Command(Command),
    /// The area of an overlay, which covers the targets behind it.
    Overlay,
}

#[derive(Debug, Default)]
pub struct FrameInfo {
    /// Click targets. Later targets cover earlier targets.
    pub targets: Vec<(Rect, ClickTarget)>,
    /// Number of rows of the focused list that fit.
    pub list_height: usize,
    /// Number of rows of the scrollable text of the focused page, including rows that are scrolled out of view.
    pub text_rows: usize,
    /// Position of the text cursor of the terminal.
    pub text_cursor: Option<Position>,
    /// Rows with characters whose width differs between terminals. If such a row changes, the whole terminal is
    /// cleared.
    pub ambiguous_rows: Vec<(u16, String)>,
}

impl FrameInfo {
    pub fn target_at(&self, column: u16, row: u16) -> Option<ClickTarget> {
        let position = Position::new(column, row);
        self.targets.iter().rev().find(|(area, _)| area.contains(position)).map(|(_, target)| *target)
    }
}

pub type Styled<'a> = (&'a str, Tone);

#[derive(Debug)]
pub struct Canvas<'a> {
    pub buffer: &'a mut Buffer,
    pub theme: Theme,
    pub now: Timestamp,
    /// The zone in which times are shown.
    pub zone: Zone,
    /// `true` if the server responds.
    pub is_connected: bool,
    pub info: FrameInfo,
}

/// Returns the number of columns that a text takes once it is sanitized.
pub fn columns(text: &str) -> u16 {
    u16::try_from(width(&sanitize(text))).unwrap_or(u16::MAX)
}

/// Returns one row of an area. The result is empty if the area has fewer rows.
pub fn row(area: Rect, index: u16) -> Rect {
    let y = area.y.saturating_add(index).min(area.bottom());
    Rect { y, height: 1.min(area.bottom() - y), ..area }
}

pub fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

pub fn right_of(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    Rect { x: area.x + columns, width: area.width - columns, ..area }
}

/// Breaks a text into sanitized lines. Line breaks in the text are kept.
pub fn wrap(text: &str, columns: u16) -> Vec<String> {
    let wrap_line = |line: &str| -> Vec<String> {
        textwrap::wrap(&sanitize(line), usize::from(columns)).into_iter().map(Cow::into_owned).collect()
    };
    text.split('\n').flat_map(wrap_line).collect()
}

impl Canvas<'_> {
    /// Draws a widget, clipped to the frame.
    pub(super) fn render(&mut self, widget: impl Widget, area: Rect) {
        let area = area.intersection(self.buffer.area);
        if !area.is_empty() {
            widget.render(area, self.buffer);
        }
    }

    /// Draws texts one after another into the first row of an area. Returns the number of columns used.
    pub fn line(&mut self, area: Rect, texts: &[Styled<'_>]) -> u16 {
        let line = self.truncated(texts, area.intersection(self.buffer.area).width);
        let used = u16::try_from(line.width()).unwrap_or(u16::MAX);
        self.render(line, row(area, 0));
        used
    }

    /// Joins texts to one line, which is truncated to `width`.
    fn truncated<'t>(&self, texts: &[Styled<'t>], width: u16) -> Line<'t> {
        let mut left = width;
        let spans = texts.iter().map(|(text, tone)| {
            let text = truncate(text, usize::from(left));
            left = left.saturating_sub(columns(&text));
            Span::styled(text, self.theme.style(*tone))
        });
        spans.collect()
    }

    /// Draws texts at the right end of the first row of an area.
    pub fn line_right(&mut self, area: Rect, texts: &[Styled<'_>]) {
        let wanted = texts.iter().map(|(text, _)| columns(text)).sum();
        self.line(right_of(area, area.width.saturating_sub(wanted)), texts);
    }

    /// Draws a text with an explicit style into the first row of an area. Returns the number of columns used.
    pub fn styled(&mut self, area: Rect, text: &str, style: Style) -> u16 {
        let text = truncate(text, usize::from(area.width));
        let used = columns(&text);
        self.render(Span::styled(text, style), row(area, 0));
        used
    }

    /// Draws a text that wraps between words. Returns the number of rows used.
    pub fn paragraph(&mut self, area: Rect, text: &str, tone: Tone) -> u16 {
        let lines: Vec<Line<'_>> = wrap(text, area.width).into_iter().map(Line::from).collect();
        let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
        self.render(Paragraph::new(lines).style(self.theme.style(tone)), area);
        rows
    }

    /// Draws a border with a title. Returns the area inside.
    pub fn panel(&mut self, area: Rect, title: &str, focused: bool) -> Rect {
        let tone = if focused { Tone::Accent } else { Tone::Strong };
        let title = format!(" {} ", truncate(title, usize::from(area.width.saturating_sub(6))));
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(self.theme.border(focused))
            .padding(Padding::horizontal(1))
            .title(Span::styled(title, self.theme.style(tone).add_modifier(Modifier::BOLD)));
        let inside = block.inner(area);
        self.render(block, area);
        inside
    }

    /// Draws a note over the right end of the lower border of a panel.
    pub fn panel_note(&mut self, panel: Rect, text: &str) {
        let border = row(panel, panel.height.saturating_sub(1));
        let inside = Rect { x: border.x + 2, width: border.width.saturating_sub(4), ..border };
        self.line_right(inside, &[(&format!(" {text} "), Tone::Dim)]);
    }

    pub fn heading(&mut self, area: Rect, text: &str, focused: bool) {
        let tone = if focused { Tone::Accent } else { Tone::Strong };
        let title = format!("{} ", truncate(text, usize::from(area.width.saturating_sub(1))));
        let block = Block::new()
            .borders(Borders::TOP)
            .border_style(self.theme.faint())
            .title(Span::styled(title, self.theme.style(tone)));
        self.render(block, row(area, 0));
    }

    pub fn rule(&mut self, area: Rect) {
        self.render(Block::new().borders(Borders::TOP).border_style(self.theme.faint()), row(area, 0));
    }

    pub fn gauge(&mut self, area: Rect, label: &str, percent: u16) {
        let gauge = LineGauge::default()
            .ratio(f64::from(percent.min(100)) / 100.0)
            .label(truncate(label, usize::from(area.width)))
            .filled_symbol("█")
            .unfilled_symbol("░");
        self.render(gauge, area);
    }

    /// Draws a text input, scrolled so that the text cursor is visible.
    pub fn text_input(&mut self, area: Rect, input: &TextInput, focused: bool) {
        let area = row(area, 0);
        let (before, after) = input.around_cursor();
        let cursor = columns(before);
        let scroll = (cursor + 1).saturating_sub(area.width);
        let style = self.theme.style(Tone::Plain).add_modifier(Modifier::UNDERLINED);
        let text = format!("{}{}", sanitize(before), sanitize(after));
        self.render(Paragraph::new(text).scroll((0, scroll)).style(style), area);
        if focused {
            self.info.text_cursor = Some(Position::new(area.x + cursor - scroll, area.y));
        }
    }

    pub fn scrolled(&mut self, area: Rect, lines: &[Vec<Styled<'_>>], first: usize) {
        let lines: Vec<Line<'_>> = lines.iter().map(|texts| self.truncated(texts, area.width)).collect();
        self.render(Paragraph::new(lines).scroll((u16::try_from(first).unwrap_or(u16::MAX), 0)), area);
    }

    pub fn set_style(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    pub fn clear(&mut self, area: Rect) {
        // A wide character that begins left of the area would cover the first column of the area.
        for y in area.y..area.bottom() {
            let left = area.x.checked_sub(1).and_then(|x| self.buffer.cell_mut((x, y)));
            if let Some(cell) = left.filter(|cell| width(cell.symbol()) > 1) {
                cell.set_symbol(" ");
            }
        }
        self.render(Clear, area);
    }

    /// Clears the middle of an area and draws a panel for an overlay. Returns the area inside.
    pub fn overlay(&mut self, area: Rect, width: u16, height: u16, title: &str) -> Rect {
        let (width, height) = (width.min(area.width - 2), height.min(area.height - 3));
        let place = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 3, width, height);
        self.clear(place);
        self.target(place, ClickTarget::Overlay);
        self.panel(place, title, true)
    }

    /// Calls `draw` to draw one of several lists of a screen. If this list is not focused, the click targets of its
    /// rows contain the number `list`.
    pub fn list_of(&mut self, list: usize, draw: impl FnOnce(&mut Self)) {
        let before = self.info.targets.len();
        draw(self);
        for (_, target) in self.info.targets.iter_mut().skip(before) {
            if let ClickTarget::OtherRow(row) = target {
                *target = ClickTarget::ListRow(list, *row);
            }
        }
    }

    /// Draws a key and its label. A click on them runs a command. Returns the number of columns used.
    pub fn button(&mut self, area: Rect, key: Styled<'_>, label: Styled<'_>, command: Command) -> u16 {
        let used = self.line(area, &[key, label]);
        self.target(Rect { width: used, ..row(area, 0) }, ClickTarget::Command(command));
        used
    }

    pub fn target(&mut self, area: Rect, target: ClickTarget) {
        self.info.targets.push((area, target));
    }

    /// Returns the current frame of the activity indicator.
    pub fn spinner(&self) -> &'static str {
        let frame = usize::try_from(self.now.millis().div_euclid(100).rem_euclid(8)).unwrap_or(0);
        SPINNER.get(frame).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn text_wraps_between_words_and_inside_long_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("界界界", 5), ["界界", "界"]);
        assert_eq!(wrap("a\nb", 5), ["a", "b"]);
        assert_eq!(wrap("", 5), [""]);
        // The line is narrower than one character.
        assert_eq!(wrap("界界", 1), ["界", "界"]);
    }
}
