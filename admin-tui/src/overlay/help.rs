//! Help: all keys of the current screen, and of the app.

use ratatui::layout::Rect;

use crate::{
    sanitize::pad,
    ui::{Binding, Canvas, Command, Key, LIST_KEYS, Page, Rights, Selection, Tone, UpdateContext, View, bind},
};

const WIDTH: u16 = 76;
const KEYS_WIDTH: usize = 18;

/// Help that does not come from key bindings: headings, and pairs of term and explanation.
const TOPICS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Search of an audit log",
        &[
            ("code:… type:…", "this error code; this event type, also type:mfa*"),
            ("user:… ip:…", "this user; this address or network, such as 10.0.0.0/8"),
            ("user:*…* ip:*…*", "a part of the user or of the address"),
            ("since:… until:…", "a range of times, such as since:2h"),
            ("req: cred: tx:", "this request id, credential id or transaction id"),
            ("outcome:failed", "refusals; outcome:succeeded: everything else"),
            ("!code:…", "entries without this value; possible for every field but times"),
            ("other words", "a part of the user or of the address"),
        ],
    ),
    (
        "Mouse",
        &[
            ("click", "select a row, a tab, a section or a path item"),
            ("click again", "open the selected row"),
            ("click on ×", "remove the filter"),
            ("click below", "run a command of the key bar"),
            ("wheel", "move the selection"),
        ],
    ),
    (
        "Times, in UTC",
        &[
            ("2h 7d 4w", "this long ago; for an expiry, from now"),
            ("today", "midnight today; yesterday: midnight of the day before"),
            ("2026-11-25", "the start of that day"),
            ("… 10:30", "a day and a time"),
        ],
    ),
    (
        "Marks",
        &[
            ("●", "in the header: connected; on a tab: unsaved changes"),
            ("✓", "in a list: a marked row"),
            ("\\u{202e}", "an invisible or misleading character, escaped"),
        ],
    ),
];

#[derive(Debug, Clone)]
pub struct Help {
    /// Text of the left column, text of the right column, and tone of the left column.
    lines: Vec<(String, String, Tone)>,
    scroll: Selection,
}

impl Help {
    pub fn new(groups: Vec<(String, Vec<Binding>)>) -> Self {
        let mut lines: Vec<(String, String, Tone)> = Vec::new();
        let mut add = |heading: &str, pairs: &mut dyn Iterator<Item = (String, String)>| {
            if !lines.is_empty() {
                lines.push((String::new(), String::new(), Tone::Plain));
            }
            lines.push((heading.to_owned(), String::new(), Tone::Strong));
            lines.extend(pairs.map(|(left, right)| (format!("  {left}"), right, Tone::Accent)));
        };
        for (heading, bindings) in groups.iter().filter(|(_, bindings)| !bindings.is_empty()) {
            let keys = |binding: &Binding| binding.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            add(heading, &mut bindings.iter().map(|binding| (keys(binding), binding.help.to_owned())));
        }
        for (heading, pairs) in TOPICS {
            add(heading, &mut pairs.iter().map(|(left, right)| ((*left).to_owned(), (*right).to_owned())));
        }
        Self { lines, scroll: Selection::default() }
    }
}

impl Page for Help {
    fn title(&self) -> String {
        "Keys".to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let close = &[Key::Esc, Key::Char('?'), Key::Char('q'), Key::Enter];
        let mut bindings = vec![bind(close, Command::Back, "close", "close the help")];
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        if command == Command::Back {
            cx.close_dialog();
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        // Scrolling ends when the last line is visible.
        let positions = self.lines.len().saturating_sub(self.scroll.height) + 1;
        Some((&mut self.scroll, positions))
    }
}

impl View for Help {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let rows = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        let inside = canvas.overlay(area, WIDTH, rows.saturating_add(2), &self.title());
        let height = usize::from(inside.height);
        canvas.info.list_height = height;
        let first = self.scroll.selected.min(self.lines.len().saturating_sub(height));
        let padded: Vec<(String, &str, Tone)> = self
            .lines
            .iter()
            .map(|(left, right, tone)| match right.as_str() {
                "" => (left.clone(), "", *tone),
                right => (pad(left, KEYS_WIDTH), right, *tone),
            })
            .collect();
        let lines: Vec<_> =
            padded.iter().map(|(left, right, tone)| vec![(left.as_str(), *tone), (*right, Tone::Plain)]).collect();
        canvas.scrolled(inside, &lines, first);
        // The scroll bar is drawn on the border.
        canvas.scrollbar(Rect { x: inside.right() + 1, width: 1, ..inside }, first, lines.len());
    }
}
