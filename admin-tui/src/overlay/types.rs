//! Types of audit entries to choose from.

use doorward_shared::AuditType;

use crate::{
    api::AuditQuery,
    field::Field,
    keymap::{Binding, Command, Key, bind},
    list::Cursor,
    message::{Reply, Target},
    model::Cx,
    screen::Page,
};

/// The types, and which are chosen.
#[derive(Debug)]
pub struct Types {
    /// What was written to find some.
    pub field: Field,
    /// Which of those that match is selected.
    pub cursor: Cursor,
    /// The chosen ones.
    pub chosen: Vec<AuditType>,
    query: AuditQuery,
}

impl Types {
    /// Chooses types for a query.
    #[must_use]
    pub fn new(query: AuditQuery) -> Self {
        Self { field: Field::default(), cursor: Cursor::default(), chosen: query.kinds.clone(), query }
    }

    /// The types whose words contain all that was written.
    #[must_use]
    pub fn matching(&self) -> Vec<AuditType> {
        let text = self.field.text().to_lowercase();
        let fits = |kind: &&AuditType| text.split_whitespace().all(|part| kind.as_str().contains(part));
        AuditType::ALL.iter().filter(fits).copied().collect()
    }

    fn toggle(&mut self, kind: AuditType) {
        match self.chosen.iter().position(|&chosen| chosen == kind) {
            Some(at) => drop(self.chosen.remove(at)),
            None => self.chosen.push(kind),
        }
    }
}

impl Page for Types {
    fn title(&self) -> String {
        "Types of entries".to_owned()
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        vec![
            bind(&[Key::Enter], Command::Submit, "apply", "show entries of the chosen types"),
            bind(&[Key::Char(' '), Key::Tab], Command::Toggle, "choose", "choose the type, or not"),
            bind(&[Key::Ctrl('a')], Command::ToggleAll, "all shown", "choose all that are shown, or none of them"),
            bind(&[Key::Esc], Command::Back, "cancel", "leave the filter as it is"),
            bind(&[Key::Down, Key::Ctrl('n')], Command::Down, "", "next type"),
            bind(&[Key::Up, Key::Ctrl('p')], Command::Up, "", "type before"),
            bind(&[Key::PageDown, Key::Ctrl('d')], Command::PageDown, "", "a page down"),
            bind(&[Key::PageUp, Key::Ctrl('u')], Command::PageUp, "", "a page up"),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::Toggle => {
                if let Some(&kind) = self.matching().get(self.cursor.selected) {
                    self.toggle(kind);
                }
            }
            Command::ToggleAll => {
                let shown = self.matching();
                let all = shown.iter().all(|kind| self.chosen.contains(kind));
                self.chosen.retain(|kind| !shown.contains(kind));
                if !all {
                    self.chosen.extend(shown);
                }
            }
            Command::Submit => {
                self.chosen.sort_unstable();
                cx.close_dialog();
                cx.refine(AuditQuery { kinds: self.chosen.clone(), ..self.query.clone() });
            }
            Command::Back => cx.close_dialog(),
            _ => {}
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
        let rows = self.matching().len();
        Some((&mut self.cursor, rows))
    }

    fn is_editing(&self) -> bool {
        true
    }

    fn field(&mut self) -> Option<&mut Field> {
        Some(&mut self.field)
    }

    fn edited(&mut self, _cx: &mut Cx<'_>) {
        self.cursor.select(0, AuditType::ALL.len());
    }

    fn click(&mut self, target: Target, _cx: &mut Cx<'_>) {
        if let Target::Row(row) = target
            && let Some(&kind) = self.matching().get(row)
        {
            self.cursor.select(row, AuditType::ALL.len());
            self.toggle(kind);
        }
    }
}
