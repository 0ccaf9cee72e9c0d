//! Fields to fill in. What is done with them, and what is wrong with them, is told in [`super::forms`].

use crate::{
    field::Field,
    keymap::{Binding, Command, Key, bind},
    list::Cursor,
    message::{Reply, RequestId, Target},
    model::Cx,
    overlay::forms::Purpose,
    screen::Page,
};

/// What a field takes.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A text.
    Text(Field),
    /// One of these words.
    Choice {
        /// The words.
        options: Vec<String>,
        /// Which one.
        chosen: usize,
    },
}

/// A field with its label.
#[derive(Debug, Clone)]
pub struct FormField {
    /// Its name.
    pub label: &'static str,
    /// What to write.
    pub hint: &'static str,
    /// What was written.
    pub entry: Entry,
}

impl FormField {
    /// A field for a text.
    #[must_use]
    pub fn text(label: &'static str, hint: &'static str, value: &str) -> Self {
        Self { label, hint, entry: Entry::Text(Field::new(value)) }
    }

    /// A field for one of several words.
    #[must_use]
    pub fn choice(label: &'static str, hint: &'static str, options: &[&str], chosen: usize) -> Self {
        let options = options.iter().map(|&word| word.to_owned()).collect();
        Self { label, hint, entry: Entry::Choice { options, chosen } }
    }

    /// What was written, without space around it; `None` for nothing and for choices.
    #[must_use]
    pub fn given(&self) -> Option<String> {
        match &self.entry {
            Entry::Text(field) => field.given(),
            Entry::Choice { .. } => None,
        }
    }

    /// Which word was chosen; 0 for texts.
    #[must_use]
    pub const fn chosen(&self) -> usize {
        match &self.entry {
            Entry::Text(_) => 0,
            Entry::Choice { chosen, .. } => *chosen,
        }
    }
}

/// A dialog of fields.
#[derive(Debug)]
pub struct Form {
    /// What it is for.
    pub title: String,
    /// What is said above the fields.
    pub note: &'static str,
    /// What sending it off is called.
    pub verb: &'static str,
    /// The fields.
    pub fields: Vec<FormField>,
    /// Which one is being filled in.
    pub cursor: Cursor,
    /// What is wrong: with which field, or with the whole.
    pub problem: Option<(Option<usize>, String)>,
    pub(super) purpose: Purpose,
    pub(super) pending: Option<RequestId>,
}

impl Form {
    fn focused(&mut self) -> Option<&mut FormField> {
        self.fields.get_mut(self.cursor.selected)
    }

    fn turn(&mut self, by: isize) {
        if let Some(Entry::Choice { options, chosen }) = self.focused().map(|field| &mut field.entry) {
            let count = options.len().max(1);
            *chosen = (*chosen + count).saturating_add_signed(by) % count;
            self.follow_choice();
        }
    }

    fn is_choice(&self) -> bool {
        matches!(self.fields.get(self.cursor.selected).map(|field| &field.entry), Some(Entry::Choice { .. }))
    }
}

impl Page for Form {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Submit, self.verb, "send it off"),
            bind(&[Key::Esc], Command::Back, "cancel", "leave everything as it is"),
            bind(&[Key::Tab, Key::Down], Command::NextField, "next field", "next field"),
            bind(&[Key::BackTab, Key::Up], Command::PreviousField, "", "field before"),
        ];
        if self.is_choice() {
            bindings.push(bind(&[Key::Char(' '), Key::Right], Command::Toggle, "choose", "next choice"));
            bindings.push(bind(&[Key::Left], Command::ToggleBack, "", "choice before"));
        }
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        let fields = self.fields.len().max(1);
        match command {
            Command::NextField => self.cursor.select((self.cursor.selected + 1) % fields, fields),
            Command::PreviousField => self.cursor.select((self.cursor.selected + fields - 1) % fields, fields),
            Command::Toggle => self.turn(1),
            Command::ToggleBack => self.turn(-1),
            Command::Submit if self.pending.is_none() => self.submit(cx),
            Command::Back => {
                if let Some(id) = self.pending.take() {
                    cx.cancel(id);
                    cx.reload();
                }
                cx.close_dialog();
            }
            _ => {}
        }
    }

    fn load(&mut self, _cx: &mut Cx<'_>) {}

    fn settle(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<Reply> {
        if self.pending != Some(reply.id) {
            return Some(reply);
        }
        self.pending = None;
        match reply.result {
            Ok(answer) => self.answered(answer, cx),
            Err(error) => self.problem = Some((None, error.to_string())),
        }
        None
    }

    fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    fn is_editing(&self) -> bool {
        true
    }

    fn field(&mut self) -> Option<&mut Field> {
        match &mut self.focused()?.entry {
            Entry::Text(field) => Some(field),
            Entry::Choice { .. } => None,
        }
    }

    fn edited(&mut self, _cx: &mut Cx<'_>) {
        self.problem = None;
    }

    fn click(&mut self, target: Target, _cx: &mut Cx<'_>) {
        if let Target::Row(row) = target {
            if row == self.cursor.selected {
                self.turn(1);
            }
            self.cursor.select(row, self.fields.len());
        }
    }
}
