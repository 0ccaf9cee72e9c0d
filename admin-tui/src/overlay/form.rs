//! A form in a dialog. [`super::form_definitions`] defines the fields and the action of each form.

use doorward_shared::Timestamp;
use ratatui::layout::Rect;

use super::form_definitions::{self, Definition, FieldValue, FormField, Problem};
use crate::{
    effect::{RequestId, RequestResult},
    paths::BaseFolders,
    ui::{
        Binding, Canvas, ClickTarget, Command, FormKind, Key, Navigation, Page, Rights, Selection, TextInput, Tone,
        UpdateContext, View, below, bind, columns, right_of, row, wrap,
    },
};

const WIDTH: u16 = 74;
const MAX_PROBLEM_ROWS: u16 = 4;

#[derive(Debug)]
pub struct Form {
    kind: FormKind,
    definition: Definition,
    folders: BaseFolders,
    selection: Selection,
    problem: Option<Problem>,
    pending: Option<RequestId>,
}

impl Form {
    pub fn new(kind: FormKind, folders: &BaseFolders, now: Timestamp) -> Self {
        let definition = form_definitions::define(&kind, folders, now);
        let folders = folders.clone();
        Self { kind, definition, folders, selection: Selection::default(), problem: None, pending: None }
    }

    fn focused(&self) -> Option<&FormField> {
        self.definition.fields.get(self.selection.selected)
    }

    fn focus(&mut self, field: usize) {
        self.selection.select(field, self.definition.fields.len());
    }

    /// Focuses the field `by` positions further, wrapping around.
    fn shift_focus(&mut self, by: usize) {
        self.focus((self.selection.selected + by) % self.definition.fields.len().max(1));
    }

    fn shift_choice(&mut self, by: isize) {
        if let Some(FieldValue::Choice(choices, chosen)) = self.focused().map(|field| &field.value) {
            let count = choices.len().max(1);
            self.choose((*chosen + count).saturating_add_signed(by) % count);
        }
    }

    /// Selects a choice of the focused field.
    fn choose(&mut self, choice: usize) {
        let field = self.definition.fields.get_mut(self.selection.selected);
        if let Some(FieldValue::Choice(choices, chosen)) = field.map(|field| &mut field.value)
            && choice < choices.len()
        {
            *chosen = choice;
            self.problem = None;
            form_definitions::follow_format(&self.kind, &mut self.definition.fields);
        }
    }

    fn submit(&mut self, cx: &mut UpdateContext<'_>) {
        match form_definitions::submit(&self.kind, &self.definition.fields, &self.folders, cx) {
            Ok(Some(call)) => {
                self.problem = None;
                self.pending = Some(cx.send(call));
            }
            Ok(None) => cx.close_dialog(),
            Err((field, message)) => {
                if let Some(field) = field {
                    self.focus(field);
                }
                self.problem = Some((field, message));
            }
        }
    }
}

impl Page for Form {
    fn title(&self) -> String {
        self.definition.title.clone()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Submit, self.definition.verb, "submit the form"),
            bind(&[Key::Esc], Command::Back, "cancel", "change nothing"),
            bind(&[Key::Tab, Key::Down], Command::NextField, "next field", "next field"),
            bind(&[Key::BackTab, Key::Up], Command::PreviousField, "", "previous field"),
        ];
        if let Some(FormField { value: FieldValue::Choice(..), .. }) = self.focused() {
            bindings.push(bind(&[Key::Char(' '), Key::Right], Command::Toggle, "choose", "next choice"));
            bindings.push(bind(&[Key::Left], Command::ToggleBack, "", "previous choice"));
        }
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::NextField => self.shift_focus(1),
            Command::PreviousField => self.shift_focus(self.definition.fields.len().saturating_sub(1)),
            Command::Toggle => self.shift_choice(1),
            Command::ToggleBack => self.shift_choice(-1),
            Command::Submit if self.pending.is_none() => self.submit(cx),
            Command::Back => {
                if let Some(id) = self.pending.take() {
                    cx.cancel(id);
                    cx.navigate(Navigation::Reload);
                }
                cx.close_dialog();
            }
            _ => {}
        }
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        if self.pending != Some(response.id) {
            return Some(response);
        }
        self.pending = None;
        match response.result {
            Ok(body) => {
                cx.close_dialog();
                form_definitions::handle_success(&self.kind, &self.definition.fields, body, cx);
            }
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

    fn text_input(&mut self) -> Option<&mut TextInput> {
        match &mut self.definition.fields.get_mut(self.selection.selected)?.value {
            FieldValue::Text(input) => Some(input),
            FieldValue::Choice(..) => None,
        }
    }

    fn text_edited(&mut self, _cx: &mut UpdateContext<'_>) {
        self.problem = None;
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        match target {
            ClickTarget::Row(field) => self.focus(field),
            ClickTarget::Choice { row, choice } => {
                self.focus(row);
                self.choose(choice);
            }
            _ => {}
        }
    }
}

impl View for Form {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Definition { title, note, fields, .. } = &self.definition;
        let count = u16::try_from(fields.len()).unwrap_or(u16::MAX);
        let width = WIDTH.min(area.width - 2);
        let rows_of = |text: &str| u16::try_from(wrap(text, width - 4).len()).unwrap_or(1);
        let note_rows = rows_of(note);
        let full_height = count.saturating_mul(2).saturating_add(note_rows + 5);
        // Short terminals have no rows for hints. A problem is then shown above the buttons.
        let has_hints = area.height >= full_height + 3;
        let unplaced = self.problem.as_ref().filter(|(field, _)| field.is_none() || !has_hints);
        let problem_rows = unplaced.map_or(0, |(_, message)| rows_of(message).min(MAX_PROBLEM_ROWS));
        let inside = canvas.overlay(area, width, full_height + problem_rows, title);
        let buttons = row(inside, inside.height.saturating_sub(1));
        let fields_area = Rect { height: inside.height.saturating_sub(1 + problem_rows), ..inside };
        let fields_area = if fields_area.height > count.saturating_add(note_rows) {
            canvas.paragraph(inside, note, Tone::Dim);
            below(fields_area, note_rows + 1)
        } else {
            fields_area
        };
        self.draw_fields(canvas, fields_area, has_hints);
        if let Some((_, message)) = unplaced {
            let place = below(inside, inside.height.saturating_sub(1 + problem_rows));
            canvas.paragraph(Rect { height: problem_rows, ..place }, message, Tone::Bad);
        }
        self.draw_buttons(canvas, buttons);
    }
}

impl Form {
    /// Draws the fields, scrolled to the focused one. With hints, each field has two rows: the value, and its problem
    /// or hint.
    fn draw_fields(&self, canvas: &mut Canvas<'_>, area: Rect, has_hints: bool) {
        let fields = &self.definition.fields;
        let step = if has_hints { 2 } else { 1 };
        let visible = usize::from(area.height / step);
        let first = (self.selection.selected + 1).saturating_sub(visible);
        let label_width = fields.iter().map(|field| columns(field.label)).max().unwrap_or(0) + 2;
        let mut rest = area;
        for (index, field) in fields.iter().enumerate().skip(first).take(visible) {
            let place = Rect { height: step.min(rest.height), ..rest };
            canvas.target(place, ClickTarget::Row(index));
            let focused = index == self.selection.selected;
            let tone = if focused { Tone::Accent } else { Tone::Plain };
            canvas.line(Rect { width: label_width, ..place }, &[(field.label, tone)]);
            let value = right_of(place, label_width);
            match &field.value {
                FieldValue::Text(input) => canvas.text_input(value, input, focused),
                FieldValue::Choice(choices, chosen) => {
                    let titles: Vec<String> = choices.iter().map(|choice| format!(" {choice} ")).collect();
                    let target = |choice| Some(ClickTarget::Choice { row: index, choice });
                    canvas.tabs(value, &titles, Some(*chosen), " ", target);
                }
            }
            if has_hints {
                match self.problem.as_ref().filter(|(field, _)| *field == Some(index)) {
                    Some((_, message)) => canvas.line(below(value, 1), &[(message, Tone::Bad)]),
                    None => canvas.line(below(value, 1), &[(field.hint, Tone::Dim)]),
                };
            }
            rest = below(rest, step);
        }
    }

    fn draw_buttons(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if self.is_busy() {
            let used = canvas.line(area, &[(canvas.spinner(), Tone::Accent), (" working… ", Tone::Dim)]);
            canvas.button(right_of(area, used), ("esc ", Tone::Accent), ("stops waiting", Tone::Dim), Command::Back);
            return;
        }
        let used = canvas.button(area, (" ⏎ ", Tone::Good), (self.definition.verb, Tone::Good), Command::Submit);
        canvas.button(right_of(area, used + 3), ("esc ", Tone::Accent), ("cancel", Tone::Dim), Command::Back);
    }
}
