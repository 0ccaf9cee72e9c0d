//! Key bindings. Keys, the key bar, the help (`?`) and the command palette (`:`) all use the [`Binding`]s that a screen
//! or overlay returns, so they cannot contradict each other.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::route::Section;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Converts a terminal event. Returns `None` for keys that no binding uses.
    pub fn from_event(event: &KeyEvent) -> Option<Self> {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    NextTab,
    PreviousTab,
    Open,
    Back,
    Leave,
    Filter,
    Help,
    Palette,
    /// Lists the servers that the app can switch to.
    Contexts,
    Quit,
    Reload,
    Redraw,
    Suspend,
    CycleTheme,
    CancelExport,
    Go(Section),
    ChangeDays,
    Sort,
    Reverse,
    New,
    Rename,
    Configure,
    Delete,
    Withdraw,
    DeleteParent,
    ToggleDisabled,
    ToggleParentDisabled,
    AuditLog,
    LatestRefusal,
    Pause,
    EventTypes,
    EditFilters,
    ClearFilters,
    DropFilter,
    FailuresOnly,
    InstallationLog,
    Export,
    Details,
    TopValues,
    NextProperty,
    PreviousProperty,
    Exclude,
    Views,
    ShowHistogram,
    ToggleZone,
    Complete,
    Doctor,
    Explain,
    GoToTenant,
    GoToUser,
    Submit,
    /// Marks the selected row for an action on all marked rows.
    Mark,
    MarkAll,
    ClearMarks,
    /// Reverts the last change.
    Undo,
    Toggle,
    ToggleBack,
    ToggleAll,
    NextField,
    PreviousField,
    Save,
    Revert,
    /// Compares unsaved changes with those of another administrator.
    Compare,
    KeepMine,
    TakeTheirs,
    Copy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The keys. The key bar shows the first.
    pub keys: &'static [Key],
    pub command: Command,
    /// Label in the key bar; empty if the key bar leaves it out.
    pub label: &'static str,
    /// Description in the help and the command palette.
    pub help: &'static str,
}

pub const fn bind(keys: &'static [Key], command: Command, label: &'static str, help: &'static str) -> Binding {
    Binding { keys, command, label, help }
}

pub fn command_for(bindings: &[Binding], key: Key) -> Option<Command> {
    bindings.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

pub const LIST_KEYS: [Binding; 6] = [
    bind(&[Key::Char('j'), Key::Down], Command::Down, "", "next row"),
    bind(&[Key::Char('k'), Key::Up], Command::Up, "", "previous row"),
    bind(&[Key::Ctrl('d'), Key::PageDown], Command::PageDown, "", "next page"),
    bind(&[Key::Ctrl('u'), Key::PageUp], Command::PageUp, "", "previous page"),
    bind(&[Key::Char('g'), Key::Home], Command::Top, "", "first row"),
    bind(&[Key::Char('G'), Key::End], Command::Bottom, "", "last row"),
];

pub fn global_keys(is_exporting: bool) -> Vec<Binding> {
    let mut bindings = vec![
        bind(&[Key::Esc], Command::Back, "", "return to the previous screen"),
        bind(&[Key::Char('1')], Command::Go(Section::Overview), "", "go to the overview"),
        bind(&[Key::Char('2')], Command::Go(Section::Tenants), "", "go to the tenants"),
        bind(&[Key::Char('3')], Command::Go(Section::Audit), "", "go to the audit log of all tenants"),
        bind(&[Key::Char('4')], Command::Go(Section::Tokens), "", "go to the admin tokens"),
        bind(&[Key::Char('r')], Command::Reload, "", "reload"),
        bind(
            &[Key::Char(':'), Key::Ctrl('p')],
            Command::Palette,
            "command",
            "find a command, tenant, user, credential or request",
        ),
        bind(&[], Command::Contexts, "", "ctx: switch to another server of the config file"),
        bind(&[Key::Char('?')], Command::Help, "help", "show all keys"),
        bind(&[Key::Char('T')], Command::CycleTheme, "", "change colours: dark, light, 16, none"),
        bind(&[Key::Ctrl('l')], Command::Redraw, "", "redraw the screen"),
        bind(&[Key::Ctrl('z')], Command::Suspend, "", "suspend; fg in the shell returns"),
        bind(&[Key::Char('q')], Command::Quit, "", "quit"),
    ];
    if is_exporting {
        bindings.insert(0, bind(&[Key::Ctrl('x')], Command::CancelExport, "cancel export", "cancel the export"));
    }
    bindings
}
