//! A form in a dialog. [`super::form_definitions`] defines its fields and what it does.

use doorward_shared::Timestamp;
use ratatui::layout::Rect;

use super::form_definitions::{self, Definition, FieldValue, FormField, Problem};
use crate::{
    effect::{RequestId, RequestResult},
    paths::BaseFolders,
    ui::{
        Binding, Canvas, ClickTarget, Command, FormKind, Key, Navigation, Page, Selection, TextInput, Tone,
        UpdateContext, View, below, bind, columns, right_of, row, wrap,
    },
};

const WIDTH: u16 = 74;

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
        let field = self.definition.fields.get_mut(self.selection.selected);
        if let Some(FieldValue::Choice(choices, chosen)) = field.map(|field| &mut field.value) {
            let count = choices.len().max(1);
            *chosen = (*chosen + count).saturating_add_signed(by) % count;
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

    fn bindings(&self, _may_change: bool) -> Vec<Binding> {
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
        if let ClickTarget::Row(field) = target {
            if field == self.selection.selected {
                self.shift_choice(1);
            }
            self.focus(field);
        }
    }
}

impl View for Form {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Definition { title, verb, note, fields } = &self.definition;
        let count = u16::try_from(fields.len()).unwrap_or(u16::MAX);
        let width = WIDTH.min(area.width - 2);
        let note_rows = u16::try_from(wrap(note, width - 4).len()).unwrap_or(1);
        let height = count.saturating_mul(2).saturating_add(note_rows + 5);
        let inside = canvas.overlay(area, width, height, title);
        // The last row shows the keys. Short terminals do not show the note, and the fields scroll.
        let fields_area = Rect { height: inside.height.saturating_sub(1), ..inside };
        let mut rest = if fields_area.height > count.saturating_add(note_rows) {
            canvas.paragraph(inside, note, Tone::Dim);
            below(fields_area, note_rows + 1)
        } else {
            fields_area
        };
        // If there is room, each field has two rows: the value, and its problem or hint.
        let has_hints = rest.height.saturating_sub(1) >= count.saturating_mul(2);
        let step = if has_hints { 2 } else { 1 };
        let visible = usize::from(rest.height / step);
        let first = (self.selection.selected + 1).saturating_sub(visible);
        let label_width = fields.iter().map(|field| columns(field.label)).max().unwrap_or(0) + 2;
        for (index, field) in fields.iter().enumerate().skip(first).take(visible) {
            let place = Rect { height: step.min(rest.height), ..rest };
            let focused = index == self.selection.selected;
            let tone = if focused { Tone::Accent } else { Tone::Plain };
            canvas.line(Rect { width: label_width, ..place }, &[(field.label, tone)]);
            let value = right_of(place, label_width);
            match &field.value {
                FieldValue::Text(input) => canvas.text_input(value, input, focused),
                FieldValue::Choice(choices, chosen) => {
                    let titles: Vec<String> = choices.iter().map(|choice| format!(" {choice} ")).collect();
                    canvas.tabs(value, &titles, Some(*chosen), " ", |_| None);
                }
            }
            if has_hints {
                match self.problem.as_ref().filter(|(field, _)| *field == Some(index)) {
                    Some((_, message)) => canvas.line(below(value, 1), &[(message, Tone::Bad)]),
                    None => canvas.line(below(value, 1), &[(field.hint, Tone::Dim)]),
                };
            }
            canvas.target(place, ClickTarget::Row(index));
            rest = below(rest, step);
        }
        let last = row(inside, inside.height.saturating_sub(1));
        let unplaced = self.problem.as_ref().filter(|(field, _)| field.is_none() || !has_hints);
        match unplaced {
            _ if self.is_busy() => {
                canvas.line(last, &[(canvas.spinner(), Tone::Accent), (" working… esc stops waiting", Tone::Dim)]);
            }
            Some((_, message)) => {
                let place = below(inside, inside.height.saturating_sub(2));
                canvas.clear(place);
                canvas.paragraph(place, message, Tone::Bad);
            }
            None => {
                let submit = [(" ⏎ ", Tone::Good), (*verb, Tone::Good)];
                canvas.line(last, &[submit.as_slice(), &[("   esc ", Tone::Accent), ("cancel", Tone::Dim)]].concat());
            }
        }
    }
}
