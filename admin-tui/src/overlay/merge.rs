//! Three-way comparison of a configuration: the original, this app's values, and those of another administrator.

use ratatui::layout::Rect;

use crate::ui::{
    Binding, Canvas, ClickTarget, Command, Key, LIST_KEYS, MergeField, Navigation, Page, Rights, Selection, Side, Tone,
    UpdateContext, View, bind, right_of, row, wrap,
};

const WIDTH: u16 = 100;
const INDENT: u16 = 2;
const NAME_WIDTH: u16 = 11;

#[derive(Debug)]
pub struct MergeDialog {
    fields: Vec<MergeField>,
    /// For each setting in `fields`, the side whose value it gets. `None` if the user must still choose.
    sides: Vec<Option<Side>>,
    /// Index of the selected setting.
    selected: usize,
    /// Number of rows of the selected setting that are hidden above the visible rows.
    scroll: usize,
    /// Number of rows of the selected setting that do not fit.
    hidden: usize,
    /// Selection that the movement keys change. Its index is `selected` plus `scroll`, so that moving down first
    /// scrolls to the end of the selected setting.
    position: Selection,
    /// `true` if the user tried to apply the merge before choosing a side for every setting.
    is_incomplete: bool,
}

impl MergeDialog {
    pub fn new(fields: Vec<MergeField>) -> Self {
        let sides: Vec<_> = fields.iter().map(MergeField::changed_by).collect();
        let selected = sides.iter().position(Option::is_none).unwrap_or(0);
        let position = Selection::default();
        Self { fields, sides, selected, scroll: 0, hidden: 0, position, is_incomplete: false }
    }

    const fn select(&mut self, field: usize) {
        (self.selected, self.scroll, self.hidden) = (field, 0, 0);
    }

    fn choose(&mut self, field: usize, side: Side) {
        if let Some(chosen) = self.sides.get_mut(field) {
            *chosen = Some(side);
        }
    }

    fn toggle(&mut self) {
        let selected = self.selected;
        match self.sides.get(selected) {
            Some(Some(Side::Mine)) => self.choose(selected, Side::Theirs),
            _ => self.choose(selected, Side::Mine),
        }
    }

    fn apply(&mut self, cx: &mut UpdateContext<'_>) {
        let complete: Option<Vec<_>> =
            self.fields.iter().zip(&self.sides).map(|(field, side)| Some((field.path, (*side)?))).collect();
        match complete {
            Some(choices) => {
                cx.close_dialog();
                cx.navigate(Navigation::Merge(choices));
            }
            None => {
                self.is_incomplete = true;
                self.select(self.sides.iter().position(Option::is_none).unwrap_or(0));
            }
        }
    }
}

impl Page for MergeDialog {
    fn title(&self) -> String {
        "Another administrator changed this configuration".to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Submit, "merge", "apply the chosen values, then review and save them"),
            bind(&[Key::Char(' '), Key::Left, Key::Right], Command::Toggle, "choose", "choose my or their value"),
            bind(&[Key::Char('m')], Command::KeepMine, "keep mine", "choose my value for every setting"),
            bind(&[Key::Char('t')], Command::TakeTheirs, "take theirs", "choose their value for every setting"),
            bind(&[Key::Esc], Command::Back, "decide later", "close; nothing is saved until you decide"),
        ];
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Toggle => self.toggle(),
            Command::KeepMine => self.sides.fill(Some(Side::Mine)),
            Command::TakeTheirs => self.sides.fill(Some(Side::Theirs)),
            Command::Submit => self.apply(cx),
            Command::Back => cx.close_dialog(),
            _ => {}
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        self.position.selected = self.selected + self.scroll;
        Some((&mut self.position, self.fields.len() + self.hidden))
    }

    fn selection_moved(&mut self, _cx: &mut UpdateContext<'_>) {
        match self.position.selected.checked_sub(self.selected) {
            Some(scroll) if scroll <= self.hidden => self.scroll = scroll,
            Some(_) => self.select(self.position.selected - self.hidden),
            None => self.select(self.position.selected),
        }
    }

    fn text_drawn(&mut self, rows: usize) {
        self.hidden = rows.saturating_sub(self.position.height);
        self.scroll = self.scroll.min(self.hidden);
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        if let ClickTarget::Choice { row, choice } = target {
            if row != self.selected {
                self.select(row);
            }
            self.choose(row, if choice == 0 { Side::Mine } else { Side::Theirs });
        }
    }
}

/// A row of the dialog: the path of a setting, or a line of one of its three values (original, mine, theirs).
struct MergeRow {
    field: usize,
    side: Option<Side>,
    /// Name of the value, such as `original`. Empty if the row continues a value; `None` if the row shows the
    /// path of a setting.
    name: Option<&'static str>,
    text: String,
    tone: Tone,
}

impl MergeDialog {
    fn rows(&self, width: u16) -> Vec<MergeRow> {
        let mut rows = Vec::new();
        for (index, (field, chosen)) in self.fields.iter().zip(&self.sides).enumerate() {
            let (note, tone) = match (field.changed_by(), chosen) {
                (None, None) => (" — both changed it: choose", Tone::Warn),
                (None, _) => (" — both changed it", Tone::Strong),
                (Some(Side::Mine), _) => (" — only you changed it", Tone::Strong),
                (Some(Side::Theirs), _) => (" — only they changed it", Tone::Strong),
            };
            rows.push(MergeRow { field: index, side: None, name: None, text: format!("{}{note}", field.path), tone });
            let mine = if *chosen == Some(Side::Mine) { "● mine" } else { "○ mine" };
            let theirs = if *chosen == Some(Side::Theirs) { "● theirs" } else { "○ theirs" };
            let values = [
                (None, "  original", &field.original),
                (Some(Side::Mine), mine, &field.mine),
                (Some(Side::Theirs), theirs, &field.theirs),
            ];
            for (side, name, value) in values {
                let tone = if side.is_some() && side == *chosen { Tone::Good } else { Tone::Dim };
                let text = if value.is_empty() { "(none)".to_owned() } else { value.join(" ") };
                let lines = wrap(&text, width.saturating_sub(INDENT + NAME_WIDTH)).into_iter().enumerate();
                let name_of = |line: usize| Some(if line == 0 { name } else { "" });
                rows.extend(lines.map(|(line, text)| MergeRow { field: index, side, name: name_of(line), text, tone }));
            }
        }
        rows
    }
}

impl View for MergeDialog {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let width = WIDTH.min(area.width - 2);
        let rows = self.rows(width - 4);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(4);
        let inside = canvas.overlay(area, width, height, &self.title());
        let list = Rect { height: inside.height.saturating_sub(2), ..inside };
        let visible = usize::from(list.height);
        let start = rows.iter().position(|row| row.field == self.selected).unwrap_or(0);
        let selected_rows = rows.iter().filter(|row| row.field == self.selected).count();
        // If all rows of the selected setting fit into the list, the list is scrolled only until they are all visible.
        // Otherwise, it begins with this setting, whose first `scroll` rows are hidden.
        let first = if selected_rows <= visible {
            (start + selected_rows).saturating_sub(visible)
        } else {
            start + self.scroll.min(selected_rows - visible)
        };
        for (place, line) in (0..list.height).zip(rows.iter().skip(first)) {
            let place = row(list, place);
            if line.field == self.selected {
                canvas.set_style(place, canvas.theme.selected(true));
            }
            if let Some(side) = line.side {
                let choice = usize::from(side == Side::Theirs);
                canvas.target(place, ClickTarget::Choice { row: line.field, choice });
            }
            let text = match line.name {
                None => place,
                Some(name) => {
                    canvas.line(right_of(place, INDENT), &[(name, line.tone)]);
                    right_of(place, INDENT + NAME_WIDTH)
                }
            };
            canvas.line(text, &[(&line.text, line.tone)]);
        }
        canvas.scrollbar(Rect { x: list.right() + 1, width: 1, ..list }, first, rows.len());
        (canvas.info.list_height, canvas.info.text_rows) = (visible, selected_rows);
        self.draw_buttons(canvas, row(inside, inside.height.saturating_sub(1)));
    }
}

impl MergeDialog {
    fn draw_buttons(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let is_complete = self.sides.iter().all(Option::is_some);
        if self.is_incomplete && !is_complete {
            canvas.line(area, &[("Choose mine or theirs for each setting that both changed (space).", Tone::Bad)]);
            return;
        }
        let tone = if is_complete { Tone::Good } else { Tone::Dim };
        let mut used = canvas.button(area, (" ⏎ ", tone), ("merge", tone), Command::Submit);
        let others = [
            (("m ", Tone::Accent), ("keep mine", Tone::Dim), Command::KeepMine),
            (("t ", Tone::Accent), ("take theirs", Tone::Dim), Command::TakeTheirs),
            (("esc ", Tone::Accent), ("decide later", Tone::Dim), Command::Back),
        ];
        for (key, label, command) in others {
            used += 3 + canvas.button(right_of(area, used + 3), key, label, command);
        }
    }
}
