//! `?`: what works here.

use crate::{
    keymap::{Binding, Command, Key, MOVES, bind},
    list::Cursor,
    message::Reply,
    model::Cx,
    screen::Page,
};

/// What is no key, and is not seen.
const MORE: [(&str, &[(&str, &str)]); 3] = [
    (
        "Mouse",
        &[
            ("click", "select a row, a tab, a section, a part of the path"),
            ("click again", "open what is selected"),
            ("click on ×", "drop that filter"),
            ("click below", "do what the key bar says"),
            ("wheel", "move"),
        ],
    ),
    (
        "Times, in UTC",
        &[
            ("2h 7d 4w", "so long ago; for an expiry, from now on"),
            ("today", "since midnight; yesterday: since the midnight before"),
            ("2026-11-25", "that day's beginning"),
            ("… 10:30", "a day and a time"),
        ],
    ),
    (
        "Marks",
        &[
            ("●", "the server answers; on a tab: changes that are not saved"),
            ("\\u{202e}", "a character that would hide or mislead, written out"),
        ],
    ),
];

/// The keys of the screen in front, and those that work everywhere.
#[derive(Debug, Clone)]
pub struct Help {
    /// Groups of keys and what they do, each under its heading.
    pub groups: Vec<(String, Vec<(String, String)>)>,
    /// How far it is scrolled; the rows are [`Self::rows`].
    pub cursor: Cursor,
}

impl Help {
    /// Help about these bindings.
    #[must_use]
    pub fn new(groups: Vec<(String, Vec<Binding>)>) -> Self {
        let keys = |binding: &Binding| {
            let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
            (keys.join(" "), binding.help.to_owned())
        };
        let told = groups
            .into_iter()
            .filter(|(_, bindings)| !bindings.is_empty())
            .map(|(heading, bindings)| (heading, bindings.iter().map(keys).collect()));
        let pair = |(left, right): &(&str, &str)| ((*left).to_owned(), (*right).to_owned());
        let more = MORE.iter().map(|(heading, pairs)| ((*heading).to_owned(), pairs.iter().map(pair).collect()));
        let groups = told.chain(more).collect();
        Self { groups, cursor: Cursor::default() }
    }

    /// Lines it takes: headings, bindings, and an empty line between groups.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.groups.iter().map(|(_, bindings)| bindings.len() + 2).sum::<usize>().saturating_sub(1)
    }
}

impl Page for Help {
    fn title(&self) -> String {
        "Help".to_owned()
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        let mut bindings = vec![bind(
            &[Key::Esc, Key::Char('?'), Key::Char('q'), Key::Enter],
            Command::Back,
            "close",
            "close the help",
        )];
        bindings.extend(MOVES);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        if command == Command::Back {
            cx.close_dialog();
        }
    }

    fn load(&mut self, _cx: &mut Cx<'_>) {}

    fn settle(&mut self, reply: Reply, _cx: &mut Cx<'_>) -> Option<Reply> {
        Some(reply)
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        // It moves until the last line is in view.
        let rows = self.rows().saturating_sub(self.cursor.height) + 1;
        Some((&mut self.cursor, rows))
    }
}
