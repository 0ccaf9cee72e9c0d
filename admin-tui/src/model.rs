//! All that the app knows. Changed by [`crate::update`] alone, drawn by [`crate::view`].

mod context;

use std::path::PathBuf;

use doorward_shared::{
    Timestamp,
    admin::{Me, Role},
};

pub use context::Cx;
pub(crate) use context::{Out, Then};

use crate::{
    api::{ApiError, Progress},
    folders::Folders,
    keymap::Section,
    message::{Reply, RequestId},
    overlay::Overlay,
    screen::{Page, Screen},
    view::Theme,
};

/// Screens that are kept one above another at most; the way back is no longer than that.
const DEEPEST: usize = 12;
/// How long a toast stays.
const TOAST_MS: i64 = 5_000;

/// What the app is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server's address, as it is shown.
    pub server: String,
    /// The colours.
    pub theme: Theme,
    /// Where files go: exports here, unless another place is named.
    pub folders: Folders,
    /// The time at the start.
    pub now: Timestamp,
}

/// Whether the server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nothing has been heard yet.
    Connecting,
    /// It answers.
    Up,
    /// It does not, or not to us.
    Down {
        /// Why.
        error: ApiError,
        /// Since when.
        since: Timestamp,
        /// When it is tried again.
        retry_at: Timestamp,
        /// How often it was tried.
        attempts: u32,
    },
}

/// How something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// Emphasised.
    Strong,
    /// Secondary.
    Dim,
    /// It went well.
    Good,
    /// It was refused, or destroys.
    Bad,
    /// It needs attention.
    Warn,
    /// It leads somewhere.
    Accent,
}

/// A note that passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// When it goes.
    pub until: Timestamp,
}

/// An export that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exporting {
    /// Its request.
    pub id: RequestId,
    /// The file.
    pub path: PathBuf,
    /// How far it is.
    pub progress: Progress,
}

/// The way to a screen: the root of a section, and what was opened from it.
#[derive(Debug, Clone)]
pub struct Stack {
    root: Screen,
    above: Vec<Screen>,
}

impl Stack {
    const fn new(root: Screen) -> Self {
        Self { root, above: Vec::new() }
    }

    /// The screen in front.
    #[must_use]
    pub fn top(&self) -> &Screen {
        self.above.last().unwrap_or(&self.root)
    }

    /// The screen in front.
    pub fn top_mut(&mut self) -> &mut Screen {
        self.above.last_mut().unwrap_or(&mut self.root)
    }

    /// All, the root first.
    pub fn all(&self) -> impl Iterator<Item = &Screen> {
        std::iter::once(&self.root).chain(&self.above)
    }

    /// All, the root first.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Screen> {
        std::iter::once(&mut self.root).chain(&mut self.above)
    }

    /// How many stand above the root.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.above.len()
    }

    pub(crate) fn push(&mut self, screen: Screen) {
        if self.above.len() >= DEEPEST {
            self.above.remove(0);
        }
        self.above.push(screen);
    }

    pub(crate) fn truncate(&mut self, depth: usize) {
        self.above.truncate(depth);
    }
}

const fn front(stacks: &mut [Stack; 4], section: Section) -> &mut Stack {
    let [overview, tenants, audit, tokens] = stacks;
    match section {
        Section::Overview => overview,
        Section::Tenants => tenants,
        Section::Audit => audit,
        Section::Tokens => tokens,
    }
}

/// The model.
#[derive(Debug)]
pub struct Model {
    /// What the app was started with.
    pub options: Options,
    /// The time of the last tick.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Who we are, once the server said so.
    pub me: Option<Me>,
    /// Whether the server answers.
    pub link: Link,
    /// The section in front.
    pub section: Section,
    /// What lies over the screen and takes the keys.
    pub overlay: Option<Overlay>,
    /// Notes that pass, oldest first.
    pub toasts: Vec<Toast>,
    /// The export that is being written.
    pub exporting: Option<Exporting>,
    /// Whether the app is to end.
    pub quit: bool,
    /// Whether anything that is drawn may have changed.
    pub changed: bool,
    pub(crate) ids: u64,
    /// The call that finds out whether the server is there, and as whom it knows us.
    pub(crate) greeting: Option<RequestId>,
    pub(crate) heard_at: Timestamp,
    stacks: [Stack; 4],
}

impl Model {
    /// The model at the start: nothing is known yet.
    #[must_use]
    pub fn new(options: Options, size: (u16, u16)) -> Self {
        Self {
            now: options.now,
            heard_at: options.now,
            options,
            size,
            me: None,
            link: Link::Connecting,
            section: Section::Overview,
            overlay: None,
            toasts: Vec::new(),
            exporting: None,
            quit: false,
            changed: true,
            ids: 0,
            greeting: None,
            stacks: Section::ALL.map(|section| Stack::new(Screen::root(section))),
        }
    }

    /// What the token may do; nothing is offered that it may not.
    #[must_use]
    pub fn role(&self) -> Role {
        self.me.as_ref().map_or(Role::Auditor, |me| me.role)
    }

    /// The screens of the section in front.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        let [overview, tenants, audit, tokens] = &self.stacks;
        match self.section {
            Section::Overview => overview,
            Section::Tenants => tenants,
            Section::Audit => audit,
            Section::Tokens => tokens,
        }
    }

    /// The screens of the section in front.
    pub fn stack_mut(&mut self) -> &mut Stack {
        front(&mut self.stacks, self.section)
    }

    /// The screen in front.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        self.stack().top()
    }

    /// Has the dialog in front, or else the screen, do something.
    pub(crate) fn with_front<R>(&mut self, out: &mut Out, act: impl FnOnce(&mut dyn Page, &mut Cx<'_>) -> R) -> R {
        let role = self.role();
        let mut cx = Cx { now: self.now, role, folders: &self.options.folders, ids: &mut self.ids, out };
        match &mut self.overlay {
            Some(overlay) => act(overlay.page_mut(), &mut cx),
            None => act(front(&mut self.stacks, self.section).top_mut().page_mut(), &mut cx),
        }
    }

    /// Has the screen in front do something, whatever lies over it.
    pub(crate) fn with_screen<R>(&mut self, out: &mut Out, act: impl FnOnce(&mut Screen, &mut Cx<'_>) -> R) -> R {
        let role = self.role();
        let mut cx = Cx { now: self.now, role, folders: &self.options.folders, ids: &mut self.ids, out };
        act(front(&mut self.stacks, self.section).top_mut(), &mut cx)
    }

    /// Offers an answer to the dialog and to every screen until one takes it.
    pub(crate) fn settle(&mut self, reply: Reply, out: &mut Out) {
        let role = self.role();
        let mut cx = Cx { now: self.now, role, folders: &self.options.folders, ids: &mut self.ids, out };
        let dialog = self.overlay.iter_mut().map(Overlay::page_mut);
        let screens = self.stacks.iter_mut().flat_map(Stack::all_mut).map(Screen::page_mut);
        let mut reply = Some(reply);
        for page in dialog.chain(screens) {
            let Some(open) = reply.take() else { return };
            reply = page.settle(open, &mut cx);
        }
    }

    /// What would be lost if the app ended now.
    #[must_use]
    pub fn unsaved(&self) -> Option<String> {
        self.stacks.iter().flat_map(Stack::all).find_map(|screen| screen.page().unsaved())
    }

    /// Whether a whole page about the connection stands in place of the screens.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        match &self.link {
            Link::Up => false,
            Link::Connecting => true,
            // What was loaded before stays in view while the server is away for a while.
            Link::Down { error, .. } => self.me.is_none() || !error.is_passing(),
        }
    }
}

impl Toast {
    /// A note, from now on.
    #[must_use]
    pub fn new(now: Timestamp, tone: Tone, text: String) -> Self {
        Self { text, tone, until: now.plus_millis(TOAST_MS) }
    }
}
