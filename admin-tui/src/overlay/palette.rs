//! The command palette: finds commands of the screen and of the app by name.

use ratatui::layout::Rect;

use crate::ui::{
    Binding, Canvas, Column, Command, Key, Navigation, Page, Selection, TextInput, Tone, UpdateContext, View, below,
    bind, cell, right_of,
};

#[derive(Debug, Clone)]
pub struct Palette {
    input: TextInput,
    selection: Selection,
    commands: Vec<Binding>,
}

impl Palette {
    /// Creates a palette of commands. Leaves out those that move the selection.
    pub fn new(bindings: Vec<Binding>) -> Self {
        let is_move = |command| {
            matches!(command, Command::Up | Command::Down | Command::PageUp | Command::PageDown | Command::Palette)
        };
        let commands = bindings.into_iter().filter(|binding| !is_move(binding.command)).collect();
        Self { input: TextInput::default(), selection: Selection::default(), commands }
    }

    /// Returns the commands whose description contains every typed word.
    fn matching(&self) -> Vec<Binding> {
        let text = self.input.text().to_lowercase();
        let matches = |binding: &&Binding| {
            let description = format!("{} {}", binding.help, binding.label).to_lowercase();
            text.split_whitespace().all(|word| description.contains(word))
        };
        self.commands.iter().filter(matches).copied().collect()
    }
}

impl Page for Palette {
    fn title(&self) -> String {
        "Commands".to_owned()
    }

    fn bindings(&self, _may_change: bool) -> Vec<Binding> {
        vec![
            bind(&[Key::Enter], Command::Submit, "run", "run the command"),
            bind(&[Key::Esc], Command::Back, "close", "close the palette"),
            bind(&[Key::Down, Key::Ctrl('n'), Key::Tab], Command::Down, "next", "next command"),
            bind(&[Key::Up, Key::Ctrl('p'), Key::BackTab], Command::Up, "", "previous command"),
            bind(&[Key::PageDown], Command::PageDown, "", "next page"),
            bind(&[Key::PageUp], Command::PageUp, "", "previous page"),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        cx.close_dialog();
        if command == Command::Submit
            && let Some(binding) = self.matching().get(self.selection.selected)
        {
            cx.navigate(Navigation::Run(binding.command));
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
        self.selection.select(0, self.commands.len());
    }

    fn opens_on_first_click(&self) -> bool {
        true
    }
}

impl View for Palette {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let inside = canvas.overlay(area, 64, 16, &self.title());
        canvas.line(inside, &[(":", Tone::Accent)]);
        canvas.text_input(right_of(inside, 2), &self.input, true);
        let list = below(inside, 2);
        let matching = self.matching();
        if matching.is_empty() {
            canvas.line(list, &[("No command matches.", Tone::Dim)]);
        }
        // The selection mark and the scroll bar are in the padding.
        let list = Rect { x: list.x - 1, width: list.width + 2, ..list };
        let columns = [Column::share("", 1), Column::fixed("", 10).right()];
        canvas.table(list, &columns, matching.iter(), &self.selection, true, |binding| {
            let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
            vec![cell(binding.help, Tone::Plain), cell(key, Tone::Accent)]
        });
    }
}
