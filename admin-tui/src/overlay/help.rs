//! `?`: what works here.

use crate::{
    keymap::{Binding, Command, Key, MOVES, bind},
    list::Cursor,
    message::Reply,
    model::Cx,
    screen::Page,
};

/// The keys of the screen in front, and those that work everywhere.
#[derive(Debug, Clone)]
pub struct Help {
    /// Groups of bindings, each under its heading.
    pub groups: Vec<(String, Vec<Binding>)>,
    /// How far it is scrolled; the rows are [`Self::rows`].
    pub cursor: Cursor,
}

impl Help {
    /// Help about these bindings.
    #[must_use]
    pub fn new(groups: Vec<(String, Vec<Binding>)>) -> Self {
        let groups = groups.into_iter().filter(|(_, bindings)| !bindings.is_empty()).collect();
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
