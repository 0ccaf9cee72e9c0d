//! Saved views of audit logs: opens, saves and deletes them.

use ratatui::layout::Rect;

use crate::{
    settings::Views,
    ui::{
        Binding, Canvas, ClickTarget, Column, Command, Key, Navigation, Page, Rights, Selection, TextInput, Tone,
        UpdateContext, View, below, bind, cell, right_of, row,
    },
};

const WIDTH: u16 = 90;
const MAX_ROWS: u16 = 12;

#[derive(Debug)]
pub struct ViewsDialog {
    views: Views,
    /// The current search text, which can be saved.
    search: String,
    /// The typed text: a part of the names to list, or the name under which to save the search.
    name: TextInput,
    selection: Selection,
    problem: Option<&'static str>,
}

impl ViewsDialog {
    pub fn new(views: Views, search: String) -> Self {
        Self { views, search, name: TextInput::default(), selection: Selection::default(), problem: None }
    }

    /// Returns the views whose names contain the typed text.
    fn matching(&self) -> Vec<(&String, &String)> {
        let typed = self.name.text().trim().to_lowercase();
        self.views.iter().filter(|(name, _)| name.to_lowercase().contains(&typed)).collect()
    }

    fn selected(&self) -> Option<(String, String)> {
        let matching = self.matching();
        let (name, search) = matching.get(self.selection.row()?)?;
        Some(((*name).clone(), (*search).clone()))
    }

    fn save(&mut self, cx: &mut UpdateContext<'_>) {
        let Some(name) = self.name.trimmed() else {
            self.problem = Some("type a name first");
            return;
        };
        cx.close_dialog();
        cx.toast(Tone::Good, format!("Saving view {name}"));
        cx.navigate(Navigation::SaveView(name, Some(self.search.clone())));
    }

    fn delete(&mut self, cx: &mut UpdateContext<'_>) {
        if let Some((name, _)) = self.selected() {
            self.views.remove(&name);
            let rows = self.matching().len();
            self.selection.select(self.selection.selected, rows);
            cx.navigate(Navigation::SaveView(name, None));
        }
    }
}

impl Page for ViewsDialog {
    fn title(&self) -> String {
        "Saved views".to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        vec![
            bind(&[Key::Enter], Command::Submit, "open", "search with the selected view"),
            bind(&[Key::Ctrl('s')], Command::Save, "save search", "save the current search under the typed name"),
            bind(&[Key::Ctrl('x')], Command::Delete, "delete", "delete the selected view"),
            bind(&[Key::Esc], Command::Back, "close", "change nothing"),
            bind(&[Key::Down, Key::Ctrl('n')], Command::Down, "", "next view"),
            bind(&[Key::Up, Key::Ctrl('p')], Command::Up, "", "previous view"),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Submit => {
                if let Some((_, search)) = self.selected() {
                    cx.close_dialog();
                    cx.navigate(Navigation::ApplySearch(search));
                }
            }
            Command::Save => self.save(cx),
            Command::Delete => self.delete(cx),
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
        Some(&mut self.name)
    }

    fn text_edited(&mut self, _cx: &mut UpdateContext<'_>) {
        self.problem = None;
        let rows = self.matching().len();
        self.selection.select(0, rows);
    }

    fn opens_on_first_click(&self) -> bool {
        true
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        if let ClickTarget::Row(row) = target {
            let rows = self.matching().len();
            self.selection.select(row, rows);
        }
    }
}

impl View for ViewsDialog {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let matching = self.matching();
        let rows = u16::try_from(matching.len()).unwrap_or(MAX_ROWS).clamp(1, MAX_ROWS);
        let inside = canvas.overlay(area, WIDTH, rows + 6, &self.title());
        canvas.line(inside, &[("Name ", Tone::Accent)]);
        canvas.text_input(right_of(inside, 5), &self.name, true);
        let list = Rect { height: rows, ..below(inside, 2) };
        if matching.is_empty() {
            let text = if self.views.is_empty() { "No view is saved yet." } else { "No view has this name." };
            canvas.line(list, &[(text, Tone::Dim)]);
        }
        let columns = [Column::share("", 2), Column::share("", 5)];
        canvas.table(list, &columns, matching.into_iter(), &self.selection, true, |(name, search)| {
            vec![cell(name, Tone::Plain), cell(search, Tone::Dim)]
        });
        let last = row(inside, inside.height.saturating_sub(1));
        match self.problem {
            Some(problem) => canvas.line(last, &[("✗ ", Tone::Bad), (problem, Tone::Bad)]),
            None if self.search.is_empty() => canvas.line(last, &[("^s saves: all entries", Tone::Dim)]),
            None => canvas.line(last, &[("^s saves: ", Tone::Dim), (&self.search, Tone::Plain)]),
        };
    }
}
