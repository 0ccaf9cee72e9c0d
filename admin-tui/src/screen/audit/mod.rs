//! A live audit log: of one tenant, of the installation, or of all tenants.

mod entry_view;
mod filters;
mod live;
mod view;

use std::collections::VecDeque;

use doorward_shared::{AuditId, TenantId, Timestamp, audit::AdminAuditLogItem};

use crate::{
    api::{ApiError, AuditQuery, UserRef},
    effect::{RequestId, RequestResult},
    time_format,
    ui::{
        Binding, ClickTarget, Command, Dialog, FILTER_KEYS, FilterInput, FormKind, Key, LIST_KEYS, Page, Route,
        Selection, TextInput, Tone, UpdateContext, bind,
    },
};

#[derive(Debug, Clone, Default)]
pub struct Audit {
    query: AuditQuery,
    /// The tenant's name, if this is the log of one tenant.
    tenant_name: Option<String>,
    /// The entries, newest first.
    rows: VecDeque<AdminAuditLogItem>,
    selection: Selection,
    paused: bool,
    /// Number of entries that arrived since the log was paused.
    missed: u64,
    /// Whether narrow screens show the selected entry in full below the list.
    show_details: bool,
    text_filter: FilterInput,
    error: Option<ApiError>,
    loaded: bool,
    /// Cursor from which older entries are loaded. `None` when all were examined.
    older: Option<AuditId>,
    /// Cursor from which polling for new entries continues.
    newest: Option<AuditId>,
    /// The entry to select once it has arrived.
    wanted: Option<AuditId>,
    restarting: Option<RequestId>,
    /// Pending request for entries after `newest`.
    polling: Option<RequestId>,
    /// Pending request for entries before `older`.
    loading_older: Option<RequestId>,
    polled_at: Option<Timestamp>,
}

impl Audit {
    /// Creates a screen for the log that `query` selects. If `entry` is given, selects it and shows its details.
    pub fn new(query: AuditQuery, tenant_name: Option<String>, entry: Option<AuditId>) -> Self {
        let text_filter = FilterInput::new(query.text.as_deref().unwrap_or_default());
        Self { query, tenant_name, text_filter, wanted: entry, show_details: entry.is_some(), ..Self::default() }
    }

    fn selected(&self) -> Option<&AdminAuditLogItem> {
        self.rows.get(self.selection.selected)
    }

    /// Returns whether the list contains entries of several tenants.
    const fn shows_all_tenants(&self) -> bool {
        self.query.tenant.is_none()
    }

    /// Returns id and name of an entry's tenant; `None` for entries of the installation.
    fn tenant_of(&self, row: &AdminAuditLogItem) -> Option<(TenantId, String)> {
        let id = row.entry.tenant_id;
        let name = row.tenant_name.as_ref().or(self.tenant_name.as_ref().filter(|_| !self.shows_all_tenants()));
        (id != TenantId::INSTALLATION).then(|| (id, name.cloned().unwrap_or_else(|| id.to_string())))
    }

    /// Returns the user of an entry; `None` for administrative entries, whose actor is an admin token.
    fn user_of(row: &AdminAuditLogItem) -> Option<&String> {
        let kind = row.entry.kind.as_str();
        let is_ceremony = kind.starts_with("webauthn_") || kind.starts_with("mfa_");
        row.entry.actor_user_id.as_ref().filter(|_| is_ceremony)
    }

    /// Returns how far back the log was searched, if the search went further than the oldest row.
    fn searched_back_to(&self) -> Option<Timestamp> {
        let last = self.rows.back().map(|row| row.entry.id);
        self.older.filter(|older| Some(*older) != last).map(AuditId::time)
    }

    fn perform_on_selected(&self, command: Command, cx: &mut UpdateContext<'_>) {
        let Some(row) = self.selected() else { return };
        match (command, self.tenant_of(row)) {
            (Command::Explain, _) => cx.explain(row),
            (Command::Copy, _) => {
                if let Ok(json) = serde_json::to_string_pretty(row) {
                    cx.copy(json);
                }
            }
            (Command::GoToTenant, Some((id, name))) => cx.open(Route::Tenant { id, name }),
            (Command::GoToTenant, None) => cx.toast(Tone::Warn, "This entry belongs to no tenant"),
            (Command::GoToUser, tenant) => match (tenant, Self::user_of(row)) {
                (Some((tenant, tenant_name)), Some(id)) => {
                    cx.open(Route::User { tenant, tenant_name, id: UserRef::by_user_id(id.clone()), name: id.clone() });
                }
                _ => cx.toast(Tone::Warn, "This entry names no user"),
            },
            _ => {}
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

    fn bindings(&self, _may_change: bool) -> Vec<Binding> {
        if self.text_filter.active {
            return FILTER_KEYS.to_vec();
        }
        let pause = if self.paused { "resume" } else { "pause" };
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Details, "details", "show or hide the complete entry"),
            bind(&[Key::Char(' '), Key::Char('p')], Command::Pause, pause, "pause or resume the live log"),
            bind(&[Key::Char('f')], Command::EditFilters, "filter", "filter by outcome, user, address, time and text"),
            bind(&[Key::Char('t')], Command::EventTypes, "types", "filter by event type"),
            bind(&[Key::Char('/')], Command::Filter, "search", "filter by part of a user or address as you type"),
            bind(&[Key::Char('!')], Command::FailuresOnly, "", "show only refusals, or all entries"),
        ];
        if !self.chips().is_empty() {
            bindings.push(bind(&[Key::Char('x')], Command::ClearFilters, "clear", "clear all filters"));
            bindings.push(bind(&[Key::Backspace], Command::DropFilter, "", "remove the last filter"));
        }
        if self.selected().is_some_and(|row| row.entry.kind.is_failure()) {
            bindings.insert(1, bind(&[Key::Char('e')], Command::Explain, "explain", "explain the refusal"));
        }
        if !self.rows.is_empty() {
            bindings.push(bind(&[Key::Char('o')], Command::GoToTenant, "tenant", "go to the entry's tenant"));
            bindings.push(bind(&[Key::Char('u')], Command::GoToUser, "user", "go to the entry's user"));
        }
        bindings.push(bind(&[Key::Char('y')], Command::Copy, "", "copy the complete entry as JSON"));
        bindings.push(bind(&[Key::Char('E')], Command::Export, "export", "export the filtered entries to a file"));
        if self.shows_all_tenants() || self.query.tenant == Some(TenantId::INSTALLATION) {
            let help = "show only the installation's own entries, or all";
            bindings.push(bind(&[Key::Char('i')], Command::InstallationLog, "", help));
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Details => self.show_details = !self.show_details,
            Command::Pause if self.paused => self.resume(cx),
            Command::Pause => self.paused = true,
            Command::EditFilters => cx.show(Dialog::Form(FormKind::Filter(Box::new(self.query.clone())))),
            Command::EventTypes => cx.show(Dialog::EventTypes(Box::new(self.query.clone()))),
            Command::Export => cx.show(Dialog::Form(FormKind::Export(Box::new(self.query.clone())))),
            Command::Filter | Command::Submit | Command::Leave => {
                if self.text_filter.perform(command) {
                    self.apply_text(cx);
                }
            }
            Command::FailuresOnly | Command::ClearFilters | Command::DropFilter | Command::InstallationLog => {
                self.change_filters(command, cx);
            }
            _ => self.perform_on_selected(command, cx),
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        if self.loaded && self.newest.is_some() && self.error.is_none() {
            self.poll(cx);
        } else {
            self.restart(cx);
        }
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let other = self.handle_entries(response, cx);
        if self.restarting.is_none() && self.text_filter.take_waiting() {
            self.apply_text(cx);
        }
        other
    }

    fn is_busy(&self) -> bool {
        // Polling is ignored, because it never ends and the user does not wait for it.
        self.restarting.is_some() || self.loading_older.is_some()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        if self.text_filter.take_due(cx.now) {
            self.apply_text(cx);
        }
        if self.error.is_none() {
            // Continues a search that stopped at an error or while the screen was hidden.
            self.load_older(cx);
        }
        self.poll_if_due(cx);
    }

    fn status(&self) -> Option<(String, Tone)> {
        let (mut text, tone) = match (self.paused, self.missed) {
            (false, _) => ("live".to_owned(), Tone::Good),
            (true, 0) => ("paused".to_owned(), Tone::Warn),
            (true, missed) => (format!("paused · {missed} new"), Tone::Warn),
        };
        if let Some(time) = self.searched_back_to() {
            text = format!("{text} · searched back to {}", time_format::date_time(time));
        }
        Some((text, tone))
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        Some((&mut self.selection, self.rows.len()))
    }

    fn selection_moved(&mut self, cx: &mut UpdateContext<'_>) {
        self.load_older(cx);
    }

    fn is_editing(&self) -> bool {
        self.text_filter.active
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        self.text_filter.active.then_some(&mut self.text_filter.input)
    }

    fn text_edited(&mut self, cx: &mut UpdateContext<'_>) {
        if self.text_filter.edited(cx.now, self.restarting.is_some()) {
            self.apply_text(cx);
        }
    }

    fn click(&mut self, target: ClickTarget, cx: &mut UpdateContext<'_>) {
        if let ClickTarget::Chip(index) = target {
            self.drop_chip(index, cx);
        }
    }

    fn apply_filters(&mut self, query: AuditQuery, cx: &mut UpdateContext<'_>) {
        self.set_query(query, cx);
    }
}
