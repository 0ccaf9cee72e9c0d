//! The state of the app. Only [`crate::update`] changes it.

use std::path::PathBuf;

use doorward_shared::{Timestamp, admin::Me};

use crate::{
    api::{ApiError, Progress},
    appearance::ProfileLabel,
    connection::Context,
    effect::{RequestId, RequestResult},
    paths::BaseFolders,
    screen,
    settings::Settings,
    ui::{
        Binding, Command, Key, Page, Rights, Route, Section, Theme, Tone, Undo, UpdateContext, UpdateOutput, bind,
        global_keys,
    },
};

/// Maximum number of screens above the first one of a section.
const MAX_DEPTH: usize = 12;
/// Time without a response, in milliseconds, after which the header reports that the server does not respond.
const SILENT_MS: i64 = 2_000;

#[derive(Debug, Clone)]
pub struct Options {
    /// The server's address, for display.
    pub server: String,
    /// The profile that defines the server, if there is one.
    pub profile: Option<ProfileLabel>,
    /// The servers that the app can switch to.
    pub contexts: Vec<Context>,
    pub theme: Theme,
    /// Current folder and home folder, with which the paths that the user enters are resolved.
    pub folders: BaseFolders,
    pub settings: Settings,
    pub now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionStatus {
    Connecting,
    Connected,
    /// The server does not respond, or refuses the token.
    Disconnected {
        error: ApiError,
        since: Timestamp,
        retry_at: Timestamp,
        attempts: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    pub text: String,
    pub tone: Tone,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportInProgress {
    pub id: RequestId,
    pub path: PathBuf,
    pub progress: Progress,
}

/// The offer to revert the last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoOffer {
    pub undo: Undo,
    pub until: Timestamp,
    /// The notification that shows the offer.
    pub text: String,
}

/// A change that is being reverted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingUndo {
    /// Id of the pending request.
    pub id: RequestId,
    /// Name of the object that the pending request changes.
    pub name: String,
    /// Number of changes that were reverted.
    pub completed: usize,
    /// Names of the objects that were not reverted, because another administrator changed them after the user did.
    pub left_alone: Vec<String>,
    /// Requests to send after the pending one, and the notification after success.
    pub rest: Undo,
    /// Number of failed requests.
    pub failed: usize,
    /// Error of the latest failed request.
    pub error: Option<ApiError>,
}

impl PendingUndo {
    /// Creates an undo whose first request has not been sent yet.
    pub(crate) const fn new(rest: Undo) -> Self {
        Self {
            id: RequestId(0),
            name: String::new(),
            completed: 0,
            left_alone: Vec::new(),
            rest,
            failed: 0,
            error: None,
        }
    }
}

/// The screens of a section: the first one, and those that were opened from it.
#[derive(Debug)]
pub struct Stack {
    root: Box<dyn Page>,
    above: Vec<Box<dyn Page>>,
}

impl Stack {
    pub fn top(&self) -> &dyn Page {
        self.above.last().unwrap_or(&self.root).as_ref()
    }

    fn top_mut(&mut self) -> &mut dyn Page {
        self.above.last_mut().unwrap_or(&mut self.root).as_mut()
    }

    /// Returns all screens, starting with the first one of the section.
    pub fn all(&self) -> impl Iterator<Item = &dyn Page> {
        std::iter::once(&self.root).chain(&self.above).map(AsRef::as_ref)
    }

    pub const fn depth(&self) -> usize {
        self.above.len()
    }

    /// Adds a screen on top. If there are too many, removes the lowest one without unsaved changes.
    pub(crate) fn push(&mut self, screen: Box<dyn Page>) {
        if self.above.len() >= MAX_DEPTH
            && let Some(lowest) = self.above.iter().position(|screen| screen.unsaved_changes().is_none())
        {
            self.above.remove(lowest);
        }
        self.above.push(screen);
    }

    pub(crate) fn truncate(&mut self, depth: usize) {
        self.above.truncate(depth);
    }
}

const fn stack_mut(stacks: &mut [Stack; 4], section: Section) -> &mut Stack {
    let [overview, tenants, audit, tokens] = stacks;
    match section {
        Section::Overview => overview,
        Section::Tenants => tenants,
        Section::Audit => audit,
        Section::Tokens => tokens,
    }
}

#[derive(Debug)]
pub struct Model {
    pub options: Options,
    /// The steady time of the last tick, for deadlines.
    pub now: Timestamp,
    /// The time of day at the last tick, for display.
    pub wall: Timestamp,
    /// Name, role and tenants of the admin token; `None` until the server has returned them.
    pub me: Option<Me>,
    pub connection: ConnectionStatus,
    pub section: Section,
    /// The open overlay. It receives the keys while no question is open.
    pub overlay: Option<Box<dyn Page>>,
    /// The dialog that asks whether to discard work. It covers the overlay, which remains open if the user declines.
    pub question: Option<Box<dyn Page>>,
    /// Notifications, oldest first.
    pub toasts: Vec<Toast>,
    pub export: Option<ExportInProgress>,
    pub undo: Option<UndoOffer>,
    pub quit: bool,
    pub changed: bool,
    pub(crate) last_id: u64,
    /// Pending request for [`Self::me`]. The app also uses it to check the connection.
    pub(crate) me_request: Option<RequestId>,
    /// Time at which [`Self::me_request`] was sent.
    pub(crate) me_requested_at: Timestamp,
    /// Changes that are being reverted. In the meantime, the user may make and revert another change.
    pub(crate) pending_undos: Vec<PendingUndo>,
    pub(crate) responded_at: Timestamp,
    /// A stack per section, in the order of [`Section::ALL`].
    stacks: [Stack; 4],
}

impl Model {
    pub fn new(options: Options) -> Self {
        let stack = |section: Section| Stack { root: screen::build(section.route()), above: Vec::new() };
        let options_now = options.now;
        Self {
            now: options.now,
            wall: options.now,
            responded_at: options.now,
            options,
            me: None,
            connection: ConnectionStatus::Connecting,
            section: Section::Overview,
            overlay: None,
            question: None,
            toasts: Vec::new(),
            export: None,
            undo: None,
            quit: false,
            changed: true,
            last_id: 0,
            me_request: None,
            me_requested_at: options_now,
            pending_undos: Vec::new(),
            stacks: Section::ALL.map(stack),
        }
    }

    /// Returns what the token may do.
    pub fn rights(&self) -> Rights {
        Rights::of(self.me.as_ref())
    }

    /// Stores what the server returned about the token. If the token is limited, replaces the screens of all sections
    /// except [`Section::Tenants`] with a list of the token's tenants.
    pub(crate) fn set_me(&mut self, me: Me) {
        let was_limited = self.me.as_ref().is_some_and(|me| me.tenants.is_some());
        if me.tenants.is_some() && !was_limited {
            for (section, stack) in Section::ALL.into_iter().zip(&mut self.stacks) {
                if section != Section::Tenants {
                    let route = Route::OwnTenants { section, me: Box::new(me.clone()) };
                    *stack = Stack { root: screen::build(route), above: Vec::new() };
                }
            }
        }
        self.me = Some(me);
    }

    pub const fn stack(&self) -> &Stack {
        let [overview, tenants, audit, tokens] = &self.stacks;
        match self.section {
            Section::Overview => overview,
            Section::Tenants => tenants,
            Section::Audit => audit,
            Section::Tokens => tokens,
        }
    }

    pub(crate) const fn stack_mut(&mut self) -> &mut Stack {
        stack_mut(&mut self.stacks, self.section)
    }

    pub fn screen(&self) -> &dyn Page {
        self.stack().top()
    }

    pub(crate) const fn next_id(&mut self) -> RequestId {
        self.last_id += 1;
        RequestId(self.last_id)
    }

    /// Returns whether a question or an overlay receives the keys.
    pub fn has_dialog(&self) -> bool {
        self.question.is_some() || self.overlay.is_some()
    }

    /// Updates the page that receives the keys: the question, else the overlay, else the current screen.
    pub(crate) fn with_focused<R>(
        &mut self,
        output: &mut UpdateOutput,
        act: impl FnOnce(&mut dyn Page, &mut UpdateContext<'_>) -> R,
    ) -> R {
        let rights = self.rights();
        let Some(dialog) = self.question.as_mut().or(self.overlay.as_mut()) else {
            return self.with_screen(output, act);
        };
        let (settings, last_id) = (&self.options.settings, &mut self.last_id);
        act(dialog.as_mut(), &mut UpdateContext { now: self.now, wall: self.wall, rights, settings, last_id, output })
    }

    /// Updates the overlay, if there is one.
    pub(crate) fn with_overlay(
        &mut self,
        output: &mut UpdateOutput,
        act: impl FnOnce(&mut dyn Page, &mut UpdateContext<'_>),
    ) {
        let rights = self.rights();
        if let Some(overlay) = &mut self.overlay {
            let (settings, last_id) = (&self.options.settings, &mut self.last_id);
            act(
                overlay.as_mut(),
                &mut UpdateContext { now: self.now, wall: self.wall, rights, settings, last_id, output },
            );
        }
    }

    pub(crate) fn with_screen<R>(
        &mut self,
        output: &mut UpdateOutput,
        act: impl FnOnce(&mut dyn Page, &mut UpdateContext<'_>) -> R,
    ) -> R {
        let rights = self.rights();
        let (settings, last_id) = (&self.options.settings, &mut self.last_id);
        let mut cx = UpdateContext { now: self.now, wall: self.wall, rights, settings, last_id, output };
        act(stack_mut(&mut self.stacks, self.section).top_mut(), &mut cx)
    }

    /// Passes a response to the overlay and then to each screen, until one of them handles it.
    pub(crate) fn handle_response(&mut self, response: RequestResult, output: &mut UpdateOutput) {
        let rights = self.rights();
        let (settings, last_id) = (&self.options.settings, &mut self.last_id);
        let mut cx = UpdateContext { now: self.now, wall: self.wall, rights, settings, last_id, output };
        let screens = self.stacks.iter_mut().flat_map(|stack| std::iter::once(&mut stack.root).chain(&mut stack.above));
        let mut unhandled = Some(response);
        for page in self.overlay.iter_mut().chain(screens) {
            let Some(response) = unhandled.take() else { return };
            unhandled = page.handle_response(response, &mut cx);
        }
    }

    /// Describes the work that would be lost if the app ended now.
    pub fn unsaved_changes(&self) -> Vec<String> {
        let overlay = self.overlay.iter().map(AsRef::as_ref);
        overlay.chain(self.stacks.iter().flat_map(Stack::all)).filter_map(Page::unsaved_changes).collect()
    }

    /// Returns whether a page about the connection replaces the screens. Once the server has responded, a temporary
    /// error leaves the screens visible.
    pub fn shows_connection_page(&self) -> bool {
        match &self.connection {
            ConnectionStatus::Connected => false,
            ConnectionStatus::Connecting => true,
            ConnectionStatus::Disconnected { error, .. } => self.me.is_none() || !error.is_transient(),
        }
    }

    /// Returns the time in milliseconds for which the server has not responded, if it is at least `SILENT_MS`.
    pub fn silent_ms(&self) -> Option<i64> {
        let silent = self.now.millis().saturating_sub(self.me_requested_at.millis());
        (self.me_request.is_some() && silent >= SILENT_MS).then_some(silent)
    }

    pub fn bindings(&self) -> Vec<Binding> {
        if let Some(question) = &self.question {
            return question.bindings(self.rights());
        }
        if self.shows_connection_page() {
            let mut bindings = vec![bind(&[Key::Char('r'), Key::Enter], Command::Reload, "try again", "try again now")];
            if !self.options.contexts.is_empty() {
                bindings.push(bind(
                    &[Key::Char('c')],
                    Command::Contexts,
                    "switch server",
                    "ctx: switch to another server",
                ));
            }
            bindings.extend([
                bind(&[Key::Char('T')], Command::CycleTheme, "", "change colours: dark, light, 16, none"),
                bind(&[Key::Char('q'), Key::Esc], Command::Quit, "quit", "quit"),
            ]);
            return bindings;
        }
        if let Some(overlay) = &self.overlay {
            return overlay.bindings(self.rights());
        }
        let screen = self.screen();
        let mut bindings = screen.bindings(self.rights());
        if !screen.is_editing() {
            bindings.extend(self.global_bindings());
        }
        bindings
    }

    /// Returns the bindings of the app. They apply to all screens.
    pub fn global_bindings(&self) -> Vec<Binding> {
        let mut bindings = global_keys(self.export.is_some());
        if self.undo.is_some() {
            bindings.insert(0, bind(&[Key::Char('z')], Command::Undo, "undo", "undo the last change"));
        }
        bindings
    }

    pub fn is_busy(&self) -> bool {
        self.overlay.as_ref().is_some_and(|overlay| overlay.is_busy())
            || self.screen().is_busy()
            || self.export.is_some()
            || !self.pending_undos.is_empty()
            || self.shows_connection_page()
    }
}
