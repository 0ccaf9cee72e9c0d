//! The palette: finds commands, servers, tenants, users, credentials and requests in one list.

mod item;
mod search;
mod view;

use doorward_shared::{TenantId, Timestamp};

use crate::{
    connection::Context,
    effect::RequestResult,
    ui::{
        Binding, ClickTarget, Command, Key, Navigation, Page, Rights, Selection, TextInput, UpdateContext, bind,
        distance,
    },
};
use item::{Item, Target};
use search::Search;

/// Delay in milliseconds: the app sends a search to the server when the user has not typed for this long.
const PAUSE_MS: i64 = 150;

#[derive(Debug)]
pub struct Palette {
    input: TextInput,
    selection: Selection,
    commands: Vec<Binding>,
    contexts: Vec<Context>,
    search: Search,
    search_due_at: Option<Timestamp>,
}

impl Palette {
    /// Creates a palette of the commands, except those that move the selection, and of the servers in the config file.
    /// Users are searched for in `tenant` or, if it is `None`, in all audit logs.
    pub fn new(commands: Vec<Binding>, contexts: Vec<Context>, tenant: Option<(TenantId, String)>) -> Self {
        let is_move = |command| {
            matches!(command, Command::Up | Command::Down | Command::PageUp | Command::PageDown | Command::Palette)
        };
        let commands = commands.into_iter().filter(|binding| !is_move(binding.command)).collect();
        Self {
            input: TextInput::default(),
            selection: Selection::default(),
            commands,
            contexts,
            search: Search::new(tenant),
            search_due_at: None,
        }
    }

    /// Returns the commands and servers that match the text, best matches first, and then the results of the search on
    /// the server.
    fn items(&self) -> Vec<Item> {
        let query = self.input.text();
        let commands = self.commands.iter().map(|binding| Item {
            kind: binding.keys.first().map(ToString::to_string).unwrap_or_default(),
            text: binding.help.to_owned(),
            detail: String::new(),
            target: Target::Run(binding.command),
        });
        let contexts = self.contexts.iter().map(|context| Item {
            kind: "server".to_owned(),
            text: format!("ctx {}", context.name),
            detail: context.url.clone(),
            target: Target::Switch(context.name.clone()),
        });
        let mut items: Vec<_> =
            commands.chain(contexts).filter_map(|item| Some((distance(&item.text, query)?, item))).collect();
        items.sort_by_key(|(distance, _)| *distance);
        items.into_iter().map(|(_, item)| item).chain(self.search.items(query)).collect()
    }

    fn is_searching(&self) -> bool {
        self.search_due_at.is_some() || self.search.is_pending()
    }
}

impl Page for Palette {
    fn title(&self) -> String {
        "Find".to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        vec![
            bind(&[Key::Enter], Command::Submit, "open", "run the command, or open what was found"),
            bind(&[Key::Esc], Command::Back, "close", "close the palette"),
            bind(&[Key::Down, Key::Ctrl('n'), Key::Tab], Command::Down, "next", "next row"),
            bind(&[Key::Up, Key::Ctrl('p'), Key::BackTab], Command::Up, "", "previous row"),
            bind(&[Key::PageDown], Command::PageDown, "", "next page"),
            bind(&[Key::PageUp], Command::PageUp, "", "previous page"),
        ]
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        let selected = self.items().into_iter().nth(self.selection.selected);
        match (command, selected.map(|item| item.target)) {
            (Command::Submit, Some(target)) => {
                cx.close_dialog();
                cx.navigate(match target {
                    Target::Run(command) => Navigation::Run(command),
                    Target::Switch(profile) => Navigation::SwitchServer(profile),
                    Target::Open(route) => Navigation::Open(route),
                });
            }
            (Command::Back, _) => cx.close_dialog(),
            _ => {}
        }
    }

    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        // New rows must not change which row is selected.
        let selected = self.items().into_iter().nth(self.selection.selected);
        let other = self.search.handle_response(response);
        let items = self.items();
        if let Some(row) = selected.and_then(|selected| items.iter().position(|item| *item == selected)) {
            self.selection.select(row, items.len());
        }
        other
    }

    fn is_busy(&self) -> bool {
        self.is_searching()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        if self.search_due_at.take_if(|due_at| *due_at <= cx.now).is_some() {
            self.search.start(self.input.text(), cx);
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        let rows = self.items().len();
        Some((&mut self.selection, rows))
    }

    fn is_editing(&self) -> bool {
        true
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        Some(&mut self.input)
    }

    fn text_edited(&mut self, cx: &mut UpdateContext<'_>) {
        self.selection.select(0, usize::MAX);
        self.search_due_at = Some(cx.now.plus_millis(PAUSE_MS));
    }

    fn click(&mut self, _target: ClickTarget, _cx: &mut UpdateContext<'_>) {}

    fn opens_on_first_click(&self) -> bool {
        true
    }
}
