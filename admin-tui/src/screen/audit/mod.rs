//! An audit log: of one tenant, of the installation, or of all together; live.

mod filters;
mod tail;

use doorward_shared::{AuditId, TenantId, Timestamp, audit::AdminAuditLogItem};

use super::{Page, Screen, tenant::Tenant, user::User};
use crate::{
    api::{ApiError, AuditQuery},
    field::Field,
    keymap::{Binding, Command, Key, MOVES, bind},
    list::Cursor,
    message::{Reply, RequestId, Target},
    model::{Cx, Tone},
    overlay::{Overlay, Types, forms},
    search::{Search, WRITING},
    secret::Secret,
};

pub use filters::Chip;

/// The screen.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// What is shown.
    pub query: AuditQuery,
    /// The tenant's name, for the log of one tenant.
    pub tenant_name: Option<String>,
    /// The entries, newest first.
    pub rows: std::collections::VecDeque<AdminAuditLogItem>,
    /// Selection and view.
    pub cursor: Cursor,
    /// Whether the log stands still.
    pub paused: bool,
    /// Entries that came since it stands still.
    pub missed: u64,
    /// Whether the whole of the selected entry is shown where there is no room beside the list.
    pub details: bool,
    /// The text that entries must hold.
    pub search: Search,
    /// Why the last call failed.
    pub error: Option<ApiError>,
    /// Whether anything has arrived yet.
    pub loaded: bool,
    /// Whether there is nothing older than the last row.
    pub complete: bool,
    newest: Option<AuditId>,
    wanted: Option<AuditId>,
    fresh: Option<RequestId>,
    newer: Option<RequestId>,
    older: Option<RequestId>,
    asked_at: Option<Timestamp>,
}

impl Audit {
    /// The log that a query shows.
    #[must_use]
    pub fn of(query: AuditQuery, tenant_name: Option<String>) -> Self {
        let search = Search::of(query.text.as_deref().unwrap_or_default());
        Self { query, tenant_name, search, ..Self::default() }
    }

    /// The log that a query shows, with an entry selected.
    #[must_use]
    pub fn at(query: AuditQuery, tenant_name: Option<String>, entry: AuditId) -> Self {
        Self { wanted: Some(entry), details: true, ..Self::of(query, tenant_name) }
    }

    /// The selected entry.
    #[must_use]
    pub fn selected(&self) -> Option<&AdminAuditLogItem> {
        self.rows.get(self.cursor.selected)
    }

    /// Whether the list shows whose log an entry stands in.
    #[must_use]
    pub const fn is_of_all(&self) -> bool {
        self.query.tenant.is_none()
    }

    fn tenant_of(&self, row: &AdminAuditLogItem) -> Option<(TenantId, String)> {
        let id = row.entry.tenant_id;
        let name = row.tenant_name.clone().or_else(|| self.tenant_name.clone().filter(|_| !self.is_of_all()));
        (id != TenantId::INSTALLATION).then(|| (id, name.unwrap_or_else(|| id.to_string())))
    }

    /// The user an entry is about; administrative entries name the token instead.
    fn user_of(row: &AdminAuditLogItem) -> Option<&str> {
        let kind = row.entry.kind.as_str();
        let is_ceremony = kind.starts_with("webauthn_") || kind.starts_with("mfa_");
        row.entry.actor_user_id.as_deref().filter(|_| is_ceremony && row.entry.tenant_id != TenantId::INSTALLATION)
    }

    fn go_to_tenant(&self, cx: &mut Cx<'_>) {
        match self.selected().map(|row| self.tenant_of(row)) {
            Some(Some((id, name))) => cx.open(Screen::Tenant(Box::new(Tenant::new(id, name)))),
            Some(None) => cx.toast(Tone::Warn, "This entry belongs to no tenant"),
            None => {}
        }
    }

    fn go_to_user(&self, cx: &mut Cx<'_>) {
        let Some(row) = self.selected() else { return };
        match (self.tenant_of(row), Self::user_of(row)) {
            (Some((id, name)), Some(user)) => {
                cx.open(Screen::User(Box::new(User::new(id, name, user.to_owned(), user.to_owned()))));
            }
            _ => cx.toast(Tone::Warn, "This entry names no user"),
        }
    }
}

impl Page for Audit {
    fn title(&self) -> String {
        match (&self.tenant_name, self.query.tenant) {
            (_, None) => "Audit log".to_owned(),
            (_, Some(TenantId::INSTALLATION)) => "Audit log of the installation".to_owned(),
            (Some(name), _) => format!("Audit log of {name}"),
            (None, Some(_)) => "Audit log of a tenant".to_owned(),
        }
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        if self.search.active {
            return WRITING.to_vec();
        }
        let pause = if self.paused { "resume" } else { "pause" };
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Details, "details", "show the whole entry, or hide it"),
            bind(&[Key::Char(' '), Key::Char('p')], Command::Pause, pause, "let the log stand still, or go on"),
            bind(&[Key::Char('f')], Command::Refine, "filter", "filter by outcome, user, address, time and text"),
            bind(&[Key::Char('t')], Command::Types, "types", "filter by types of entries"),
            bind(&[Key::Char('/')], Command::Filter, "search", "filter by a part of user or address as you type"),
            bind(&[Key::Char('!')], Command::Toggle, "", "show refusals alone, or all"),
        ];
        if !self.chips().is_empty() {
            bindings.push(bind(&[Key::Char('x')], Command::ClearFilters, "clear", "drop all filters"));
            bindings.push(bind(&[Key::Backspace], Command::DropFilter, "", "drop the last filter"));
        }
        if !self.rows.is_empty() {
            bindings.push(bind(&[Key::Char('o')], Command::GoTenant, "tenant", "go to the entry's tenant"));
            bindings.push(bind(&[Key::Char('u')], Command::GoUser, "user", "go to the entry's user"));
        }
        bindings.push(bind(&[Key::Char('y')], Command::Copy, "", "copy the whole entry as JSON"));
        bindings.push(bind(&[Key::Char('E')], Command::Export, "export", "write what is filtered to a file"));
        if self.is_of_all() || self.query.tenant == Some(TenantId::INSTALLATION) {
            bindings.push(bind(&[Key::Char('i')], Command::Sort, "", "the installation's own log alone, or all"));
        }
        bindings.extend(MOVES);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::Details => self.details = !self.details,
            Command::Pause if self.paused => self.resume(cx),
            Command::Pause => self.paused = true,
            Command::Refine => cx.dialog(Overlay::Form(Box::new(forms::refine(self.query.clone())))),
            Command::Types => cx.dialog(Overlay::Types(Box::new(Types::new(self.query.clone())))),
            Command::Export => {
                let form = forms::export(self.query.clone(), &cx.folders.here, cx.now);
                cx.dialog(Overlay::Form(Box::new(form)));
            }
            Command::Copy => {
                if let Some(json) = self.selected().and_then(|row| serde_json::to_string_pretty(row).ok()) {
                    cx.copy(Secret::new(json));
                }
            }
            Command::GoTenant => self.go_to_tenant(cx),
            Command::GoUser => self.go_to_user(cx),
            Command::Filter | Command::Submit | Command::Leave => {
                let must_ask = self.search.perform(command);
                if must_ask {
                    self.apply_text(cx);
                }
            }
            Command::Toggle | Command::ClearFilters | Command::DropFilter | Command::Sort => self.filter(command, cx),
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut Cx<'_>) {
        if self.loaded && self.newest.is_some() && self.error.is_none() {
            self.poll(cx);
        } else {
            self.restart(cx);
        }
    }

    fn settle(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<Reply> {
        let reply = self.take(reply, cx);
        if self.fresh.is_none() && self.search.is_waiting() {
            self.apply_text(cx);
        }
        reply
    }

    fn is_busy(&self) -> bool {
        // Polling goes on all the time; nobody waits for it.
        self.fresh.is_some() || self.older.is_some()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.search.is_due(cx.now) {
            self.apply_text(cx);
        }
        self.poll_when_due(cx);
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        Some((&mut self.cursor, self.rows.len()))
    }

    fn moved(&mut self, cx: &mut Cx<'_>) {
        self.load_older(cx);
    }

    fn is_editing(&self) -> bool {
        self.search.active
    }

    fn field(&mut self) -> Option<&mut Field> {
        self.search.active.then_some(&mut self.search.field)
    }

    fn edited(&mut self, cx: &mut Cx<'_>) {
        if self.search.edited(cx.now, self.fresh.is_some()) {
            self.apply_text(cx);
        }
    }

    fn click(&mut self, target: Target, cx: &mut Cx<'_>) {
        if let Target::Chip(at) = target {
            self.drop_chip(at, cx);
        }
    }
}
