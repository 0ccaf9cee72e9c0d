//! A live audit log: of one tenant, of the installation, or of all tenants.

mod completion;
mod counts;
mod entry_view;
mod filters;
mod histogram_view;
mod live;
mod log;
mod pane;
mod pending;
mod search;
mod search_commands;
mod search_line;
mod selected;
mod statistics;
mod status;
mod view;

use doorward_shared::{AuditId, TenantId, Timestamp, audit::AdminAuditLogItem};

use self::{
    log::{Line, LineKey, Log},
    pane::Pane,
    pending::Pending,
    search_line::SearchLine,
};
use crate::{
    api::{ApiError, AuditQuery, Total, UserRef},
    effect::RequestResult,
    ui::{
        Binding, ClickTarget, Command, Dialog, FormKind, Key, LIST_KEYS, Navigation, Page, Rights, Route, Selection,
        TextInput, Tone, UpdateContext, bind,
    },
    zone::Zone,
};

#[derive(Debug, Clone, Default)]
pub struct Audit {
    query: AuditQuery,
    /// The tenant's name, if this is the log of one tenant.
    tenant_name: Option<String>,
    log: Log,
    /// The lines of the list: entries, dates, and gaps (entries that were passed over).
    lines: Vec<Line>,
    /// The selected line. `None` before the first entries have arrived, and if the selected entry was removed.
    selected: Option<LineKey>,
    selection: Selection,
    paused: bool,
    /// Number of entries that are newer than the rows of a paused log, as the server counted them.
    missed: Option<Total>,
    /// Number of entries that were passed over, as far as the server has counted them.
    passed_over: u64,
    /// `true` while new entries arrive faster than the app can load pages.
    is_behind: bool,
    /// `true` if the log has entries that are newer than the loaded rows.
    has_newer: bool,
    pane: Pane,
    hides_histogram: bool,
    search: SearchLine,
    error: Option<ApiError>,
    loaded: bool,
    /// Cursor from which older entries are loaded. `None` if all older entries have been examined.
    older: Option<AuditId>,
    /// Cursor from which newer entries are loaded.
    newest: Option<AuditId>,
    /// The entry to load and select.
    wanted: Option<AuditId>,
    pending: Pending,
    polled_at: Option<Timestamp>,
    /// Time of the last response.
    responded_at: Option<Timestamp>,
    /// `true` if the filters exclude all future entries.
    has_ended: bool,
    /// Time since the last response in milliseconds.
    silence: i64,
    /// The zone in which times are shown.
    zone: Zone,
}

impl Audit {
    /// Creates a screen for the log that `query` selects. If `entry` is given, loads it and shows its details.
    pub fn new(query: AuditQuery, tenant_name: Option<String>, entry: Option<AuditId>) -> Self {
        let pane = Pane { is_open: entry.is_some(), ..Pane::default() };
        Self { query, tenant_name, wanted: entry, paused: entry.is_some(), pane, ..Self::default() }
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

    /// Shows the selected entry in full, or hides it again. If a gap is selected, loads the entries around the gap.
    fn show_details(&mut self, cx: &mut UpdateContext<'_>) {
        match self.selected {
            Some(LineKey::Gap(above)) => self.go_to_entry(above, cx),
            _ => self.pane.toggle_entry(),
        }
    }

    fn list_bindings(&self) -> Vec<Binding> {
        let pause = if self.paused { "resume" } else { "pause" };
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Details, "details", "show the complete entry, or the entries of a gap"),
            bind(&[Key::Tab, Key::BackTab], Command::NextTab, "", "scroll the pane beside or below the list"),
            bind(&[Key::Char(' '), Key::Char('p')], Command::Pause, pause, "pause or resume the live log"),
            bind(&[Key::Char('/')], Command::Filter, "search", "search with fields such as code:… user:… since:2h"),
            bind(&[Key::Char('f')], Command::EditFilters, "filter", "filter by outcome, user, address, time and text"),
            bind(&[Key::Char('t')], Command::EventTypes, "types", "filter by event type"),
            bind(&[Key::Char('c')], Command::TopValues, "top", "count codes, users, addresses, types and credentials"),
            bind(&[Key::Char('v')], Command::Views, "views", "open, save or delete a saved view"),
            bind(&[Key::Char('!')], Command::FailuresOnly, "", "show only refusals, or all entries"),
        ];
        if self.selected().is_some_and(crate::explain::is_explained) {
            bindings.insert(1, bind(&[Key::Char('e')], Command::Explain, "explain", "explain the refusal"));
        }
        if !self.chips().is_empty() {
            bindings.push(bind(&[Key::Char('x')], Command::ClearFilters, "clear", "clear all filters"));
            bindings.push(bind(&[Key::Backspace], Command::DropFilter, "", "remove the last filter"));
        }
        if !self.log.rows.is_empty() {
            bindings.push(bind(&[Key::Char('o')], Command::GoToTenant, "tenant", "go to the entry's tenant"));
            bindings.push(bind(&[Key::Char('u')], Command::GoToUser, "user", "go to the entry's user"));
        }
        bindings.push(bind(&[Key::Char('y')], Command::Copy, "", "copy the complete entry as JSON"));
        bindings.push(bind(&[Key::Char('E')], Command::Export, "export", "export the filtered entries to a file"));
        if self.shows_all_tenants() || self.query.tenant == Some(TenantId::INSTALLATION) {
            let help = "show only the installation's own entries, or all";
            bindings.push(bind(&[Key::Char('i')], Command::InstallationLog, "", help));
        }
        bindings.push(bind(&[Key::Char('H')], Command::ShowHistogram, "", "show or hide the histogram"));
        bindings.push(bind(&[Key::Char('Z')], Command::ToggleZone, "", "show times in UTC or in local time"));
        bindings.extend(LIST_KEYS);
        bindings
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

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        if self.search.is_active() {
            return SearchLine::bindings();
        }
        self.pane.bindings().unwrap_or_else(|| self.list_bindings())
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Filter | Command::Submit | Command::Complete => self.perform_search(command, cx),
            Command::Leave if self.search.is_active() => self.perform_search(command, cx),
            Command::Details => self.show_details(cx),
            Command::NextTab | Command::Leave => self.pane.toggle_focus(),
            Command::TopValues => self.pane.toggle_top(),
            Command::NextProperty | Command::PreviousProperty => self.pane.change_property(command),
            Command::Open | Command::Exclude => self.filter_by_top_value(command == Command::Exclude, cx),
            Command::Pause if self.paused => self.resume(cx),
            Command::Pause => self.paused = true,
            Command::EditFilters => cx.show(Dialog::Form(FormKind::Filter(Box::new(self.query.clone())))),
            Command::EventTypes => cx.show(Dialog::EventTypes(Box::new(self.query.clone()))),
            Command::Export => cx.show(Dialog::Form(FormKind::Export(Box::new(self.query.clone())))),
            Command::Views => {
                let search = self.search_text(cx);
                cx.show(Dialog::Views { views: cx.settings.views.clone(), search });
            }
            Command::ShowHistogram => self.hides_histogram = !self.hides_histogram,
            Command::ToggleZone => cx.navigate(Navigation::ToggleZone),
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
        if self.pending.restart.is_none() && self.search.input.take_waiting() {
            self.apply_typed(cx);
        }
        other
    }

    fn is_busy(&self) -> bool {
        // Polling is ignored, because it never ends and the user does not wait for it.
        self.pending.restart.is_some() || self.pending.older.is_some()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        if self.search.input.take_due(cx.now) {
            self.apply_typed(cx);
        }
        // The dates depend on the current day and on the zone.
        self.update_lines(cx);
        if self.error.is_none() {
            // Continues a search that stopped at an error or while the screen was hidden.
            self.load_near_selection(cx);
        }
        self.poll_if_due(cx);
    }

    fn status(&self) -> Option<(String, Tone)> {
        Some(self.live_status())
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        let lines = self.lines.len();
        Some(match self.pane.selection(&self.log.rows) {
            Some(list) => list,
            None => (&mut self.selection, lines),
        })
    }

    fn text_drawn(&mut self, text_rows: usize) {
        self.pane.text_rows = text_rows;
    }

    fn selection_moved(&mut self, cx: &mut UpdateContext<'_>) {
        if !self.pane.is_focused {
            self.line_selected();
            self.load_near_selection(cx);
        }
    }

    fn is_editing(&self) -> bool {
        self.search.is_active()
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        self.search.is_active().then_some(&mut self.search.input.input)
    }

    fn text_edited(&mut self, cx: &mut UpdateContext<'_>) {
        self.search.problem = None;
        if self.search.input.edited(cx.now, self.pending.restart.is_some()) {
            self.apply_typed(cx);
        }
    }

    fn click(&mut self, target: ClickTarget, cx: &mut UpdateContext<'_>) {
        match target {
            ClickTarget::Chip(index) => self.drop_chip(index, cx),
            ClickTarget::Tab(index) if self.search.is_active() => self.complete_with(index, cx),
            ClickTarget::Tab(index) => self.pane.set_property(index),
            // A row of the list that is not focused.
            ClickTarget::OtherRow(_) => self.pane.toggle_focus(),
            _ => {}
        }
    }

    fn apply_search(&mut self, text: &str, cx: &mut UpdateContext<'_>) {
        if let Err(problem) = self.search_for(text, cx) {
            cx.toast(Tone::Bad, problem);
        }
    }

    fn apply_filters(&mut self, query: AuditQuery, cx: &mut UpdateContext<'_>) {
        self.set_query(query, cx);
    }
}
