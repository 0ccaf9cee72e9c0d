//! Lists the servers of the config file, so that the user can switch to one of them.

use ratatui::layout::Rect;

use crate::{
    connection::Context,
    ui::{
        Binding, Canvas, Column, Command, Key, LIST_KEYS, Navigation, Page, Rights, Selection, Tone, UpdateContext,
        View, below, bind, cell, wrap,
    },
};

const WIDTH: u16 = 72;
const EMPTY: &str = "The config file has no profiles. Add servers to ~/.config/doorward/admin.toml as [profiles.NAME].";

#[derive(Debug, Clone)]
pub struct ContextList {
    contexts: Vec<Context>,
    /// Name of the profile in use.
    current: Option<String>,
    selection: Selection,
}

impl ContextList {
    pub fn new(contexts: Vec<Context>, current: Option<String>) -> Self {
        let mut selection = Selection::default();
        let is_current = |context: &Context| current.as_ref() == Some(&context.name);
        selection.select(contexts.iter().position(is_current).unwrap_or(0), contexts.len());
        Self { contexts, current, selection }
    }
}

impl Page for ContextList {
    fn title(&self) -> String {
        "Switch server".to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Submit, "switch", "switch to the server"),
            bind(&[Key::Esc, Key::Char('q')], Command::Back, "cancel", "keep the server"),
        ];
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match (command, self.contexts.get(self.selection.selected)) {
            (Command::Submit, Some(context)) => {
                cx.navigate(Navigation::CloseQuestion);
                cx.navigate(Navigation::SwitchServer(context.name.clone()));
            }
            (Command::Submit | Command::Back, _) => cx.navigate(Navigation::CloseQuestion),
            _ => {}
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        Some((&mut self.selection, self.contexts.len()))
    }

    fn opens_on_first_click(&self) -> bool {
        true
    }
}

impl View for ContextList {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let width = WIDTH.min(area.width - 2);
        let rows = if self.contexts.is_empty() { wrap(EMPTY, width - 4).len() } else { self.contexts.len() + 1 };
        let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2);
        let inside = canvas.overlay(area, width, height, &self.title());
        if self.contexts.is_empty() {
            canvas.paragraph(below(inside, 0), EMPTY, Tone::Dim);
            return;
        }
        // The selection mark and the scroll bar are in the padding.
        let list = Rect { x: inside.x - 1, width: inside.width + 2, ..inside };
        let columns = [Column::share("Profile", 1), Column::share("Address", 2)];
        canvas.table(list, &columns, self.contexts.iter(), &self.selection, true, |context| {
            let is_current = self.current.as_ref() == Some(&context.name);
            let name = if is_current { format!("● {}", context.name) } else { context.name.clone() };
            vec![cell(name, if is_current { Tone::Good } else { Tone::Plain }), cell(&context.url, Tone::Dim)]
        });
    }
}
