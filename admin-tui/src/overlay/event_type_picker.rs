//! Choice of audit event types to filter by.

use doorward_shared::AuditType;
use ratatui::layout::Rect;

use crate::{
    api::AuditQuery,
    ui::{
        Binding, Canvas, ClickTarget, Column, Command, Key, Navigation, Page, Rights, Selection, TextInput, Tone,
        UpdateContext, View, below, bind, cell, right_of,
    },
};

#[derive(Debug)]
pub struct EventTypePicker {
    input: TextInput,
    selection: Selection,
    chosen: Vec<AuditType>,
    query: AuditQuery,
}

impl EventTypePicker {
    pub fn new(query: AuditQuery) -> Self {
        Self { input: TextInput::default(), selection: Selection::default(), chosen: query.kinds.clone(), query }
    }

    /// Returns the types whose names contain every typed word.
    fn matching(&self) -> Vec<AuditType> {
        let text = self.input.text().to_lowercase();
        let matches = |kind: &&AuditType| text.split_whitespace().all(|word| kind.as_str().contains(word));
        AuditType::ALL.iter().filter(matches).copied().collect()
    }

    fn toggle(&mut self, row: usize) {
        let Some(&kind) = self.matching().get(row) else { return };
        match self.chosen.iter().position(|&chosen| chosen == kind) {
            Some(at) => drop(self.chosen.remove(at)),
            None => self.chosen.push(kind),
        }
    }

    fn toggle_all(&mut self) {
        let matching = self.matching();
        let all_chosen = matching.iter().all(|kind| self.chosen.contains(kind));
        self.chosen.retain(|kind| !matching.contains(kind));
        if !all_chosen {
            self.chosen.extend(matching);
        }
    }
}

impl Page for EventTypePicker {
    fn title(&self) -> String {
        "Event types".to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        vec![
            bind(&[Key::Enter], Command::Submit, "apply", "filter by the chosen types"),
            bind(&[Key::Char(' '), Key::Tab], Command::Toggle, "choose", "choose the type, or remove it"),
            bind(&[Key::Ctrl('a')], Command::ToggleAll, "all shown", "choose all visible types, or none"),
            bind(&[Key::Esc], Command::Back, "cancel", "change nothing"),
            bind(&[Key::Down, Key::Ctrl('n')], Command::Down, "", "next type"),
            bind(&[Key::Up, Key::Ctrl('p')], Command::Up, "", "previous type"),
            bind(&[Key::PageDown, Key::Ctrl('d')], Command::PageDown, "", "next page"),
            bind(&[Key::PageUp, Key::Ctrl('u')], Command::PageUp, "", "previous page"),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Toggle => self.toggle(self.selection.selected),
            Command::ToggleAll => self.toggle_all(),
            Command::Submit => {
                self.chosen.sort_unstable();
                cx.close_dialog();
                let query = AuditQuery { kinds: self.chosen.clone(), ..self.query.clone() };
                cx.navigate(Navigation::ApplyFilters(Box::new(query)));
            }
            Command::Back => cx.close_dialog(),
            _ => {}
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        let rows = self.matching().len();
        Some((&mut self.selection, rows))
    }

    fn is_editing(&self) -> bool {
        true
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        Some(&mut self.input)
    }

    fn text_edited(&mut self, _cx: &mut UpdateContext<'_>) {
        self.selection.select(0, AuditType::ALL.len());
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        if let ClickTarget::Row(row) = target {
            self.toggle(row);
        }
    }
}

impl View for EventTypePicker {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let matching = self.matching();
        let inside = canvas.overlay(area, 60, area.height - 4, &self.title());
        canvas.line(inside, &[("/", Tone::Accent)]);
        let input = right_of(inside, 2);
        canvas.text_input(Rect { width: input.width.saturating_sub(14), ..input }, &self.input, true);
        let chosen = match self.chosen.len() {
            0 => "all".to_owned(),
            count => format!("{count} chosen"),
        };
        canvas.line_right(inside, &[(&chosen, Tone::Accent)]);
        let list = below(inside, 2);
        // The selection mark and the scroll bar are in the padding.
        let list = Rect { x: list.x - 1, width: list.width + 2, ..list };
        let columns = [Column::fixed("", 3), Column::share("", 1)];
        canvas.table(list, &columns, matching.iter(), &self.selection, true, |kind| {
            let is_chosen = self.chosen.contains(kind);
            vec![
                if is_chosen { cell("[x]", Tone::Accent) } else { cell("[ ]", Tone::Dim) },
                cell(kind.as_str(), if kind.is_failure() { Tone::Bad } else { Tone::Plain }),
            ]
        });
    }
}
