//! Keys and what they do. Each screen and each dialog reports its [`Binding`]s; keys are looked up in them, and the key
//! bar, the help (`?`) and the palette (`:`) are drawn from them, so that none can promise what another does not do.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key as bindings name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Delete,
    Backspace,
}

impl Key {
    /// The key of a terminal's event; `None` for keys no binding uses.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Option<Self> {
        if event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.code {
            KeyCode::Char(symbol) if ctrl => Self::Ctrl(symbol.to_ascii_lowercase()),
            KeyCode::Char(symbol) => Self::Char(symbol),
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Esc,
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => Self::BackTab,
            KeyCode::Tab => Self::Tab,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            KeyCode::Delete => Self::Delete,
            KeyCode::Backspace => Self::Backspace,
            _ => return None,
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(' ') => f.write_str("space"),
            Self::Char(symbol) => write!(f, "{symbol}"),
            Self::Ctrl(symbol) => write!(f, "^{symbol}"),
            Self::Enter => f.write_str("⏎"),
            Self::Esc => f.write_str("esc"),
            Self::Tab => f.write_str("tab"),
            Self::BackTab => f.write_str("⇧tab"),
            Self::Up => f.write_str("↑"),
            Self::Down => f.write_str("↓"),
            Self::Left => f.write_str("←"),
            Self::Right => f.write_str("→"),
            Self::PageUp => f.write_str("pgup"),
            Self::PageDown => f.write_str("pgdn"),
            Self::Home => f.write_str("home"),
            Self::End => f.write_str("end"),
            Self::Delete => f.write_str("del"),
            Self::Backspace => f.write_str("⌫"),
        }
    }
}

/// The four places of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The installation at a glance.
    Overview,
    /// The tenants.
    Tenants,
    /// All audit logs.
    Audit,
    /// The admin tokens.
    Tokens,
}

impl Section {
    /// All, as they stand in the first line.
    pub const ALL: [Self; 4] = [Self::Overview, Self::Tenants, Self::Audit, Self::Tokens];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Tenants => "Tenants",
            Self::Audit => "Audit log",
            Self::Tokens => "Admin tokens",
        }
    }
}

/// What a key can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "what each does is said where it is bound")]
pub enum Command {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
    NextTab,
    PreviousTab,
    Open,
    Back,
    Leave,
    Filter,
    Help,
    Palette,
    Quit,
    Reload,
    Redraw,
    Suspend,
    CycleTheme,
    CancelExport,
    Go(Section),
    Sort,
    Reverse,
    New,
    Rename,
    Configure,
    Delete,
    DeleteWhole,
    AuditLog,
    Pause,
    Types,
    Refine,
    ClearFilters,
    DropFilter,
    Export,
    Details,
    GoTenant,
    GoUser,
    Submit,
    Toggle,
    ToggleBack,
    ToggleAll,
    NextField,
    PreviousField,
    Save,
    Revert,
    Copy,
}

/// Keys, what they do, and the words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they do.
    pub command: Command,
    /// For the key bar; empty for what needs no place there.
    pub label: &'static str,
    /// For help and palette.
    pub help: &'static str,
}

/// A binding with a place in the key bar.
#[must_use]
pub const fn bind(keys: &'static [Key], command: Command, label: &'static str, help: &'static str) -> Binding {
    Binding { keys, command, label, help }
}

/// What a key does, according to a list of bindings.
#[must_use]
pub fn find(bindings: &[Binding], key: Key) -> Option<Command> {
    bindings.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

/// Moving in a list.
pub const MOVES: [Binding; 6] = [
    bind(&[Key::Char('j'), Key::Down], Command::Down, "", "next row"),
    bind(&[Key::Char('k'), Key::Up], Command::Up, "", "row before"),
    bind(&[Key::Ctrl('d'), Key::PageDown], Command::PageDown, "", "a page down"),
    bind(&[Key::Ctrl('u'), Key::PageUp], Command::PageUp, "", "a page up"),
    bind(&[Key::Char('g'), Key::Home], Command::Top, "", "first row"),
    bind(&[Key::Char('G'), Key::End], Command::Bottom, "", "last row"),
];

/// What works on every screen.
#[must_use]
pub fn everywhere(exporting: bool) -> Vec<Binding> {
    let mut bindings = vec![
        bind(&[Key::Esc], Command::Back, "", "back to where you came from"),
        bind(&[Key::Char('1')], Command::Go(Section::Overview), "", "go to the overview"),
        bind(&[Key::Char('2')], Command::Go(Section::Tenants), "", "go to the tenants"),
        bind(&[Key::Char('3')], Command::Go(Section::Audit), "", "go to the audit log of all tenants"),
        bind(&[Key::Char('4')], Command::Go(Section::Tokens), "", "go to the admin tokens"),
        bind(&[Key::Char('r')], Command::Reload, "", "ask the server again"),
        bind(&[Key::Char(':')], Command::Palette, "command", "find a command by its words"),
        bind(&[Key::Char('?')], Command::Help, "help", "what works here"),
        bind(&[Key::Char('T')], Command::CycleTheme, "", "other colours: dark, light, 16, none"),
        bind(&[Key::Ctrl('l')], Command::Redraw, "", "draw the screen afresh"),
        bind(&[Key::Ctrl('z')], Command::Suspend, "", "to the shell; its fg leads back"),
        bind(&[Key::Char('q')], Command::Quit, "", "quit"),
    ];
    if exporting {
        bindings.insert(0, bind(&[Key::Ctrl('x')], Command::CancelExport, "cancel export", "cancel the export"));
    }
    bindings
}
