//! Vitals of the server process that responds, and the activity of the installation.

mod history;
mod lists;
mod view;
mod vitals_view;

use doorward_shared::{
    AuditType, Timestamp,
    admin::Overview as OverviewData,
    audit::{AdminAuditLogItem, AuditOutcome},
};

use self::history::History;
use crate::{
    api::AuditQuery,
    effect::RequestResult,
    request::{AuditPage, AuditPosition, BackendRequest, BackendResponse},
    ui::{
        Binding, ClickTarget, Command, Key, LIST_KEYS, Page, Remote, Rights, Route, Selection, Tone, UpdateContext,
        bind, pick,
    },
};

/// Interval between two requests for the vitals, in milliseconds.
const VITALS_MS: i64 = 1_000;
/// Interval between two requests for all data of the screen, in milliseconds. The vitals are also requested in between.
const REFRESH_MS: i64 = 5_000;
/// Maximum age of the administrative actions that are shown, in milliseconds.
const CHANGES_MS: i64 = 86_400_000;
const CHART_DAYS: [u32; 4] = [7, 14, 30, 90];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Focus {
    #[default]
    BusiestTenants,
    Refusals,
    Changes,
}

impl Focus {
    const ALL: [Self; 3] = [Self::BusiestTenants, Self::Refusals, Self::Changes];

    fn next(self, back: bool) -> Self {
        match (self, back) {
            (Self::BusiestTenants, false) | (Self::Changes, true) => Self::Refusals,
            (Self::Refusals, false) | (Self::BusiestTenants, true) => Self::Changes,
            (Self::Changes, false) | (Self::Refusals, true) => Self::BusiestTenants,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Overview {
    data: Remote<OverviewData>,
    vitals: Remote<doorward_shared::admin::Vitals>,
    history: History,
    changes: Remote<AuditPage>,
    days: u32,
    focus: Focus,
    /// The list beside the busiest tenants on narrow terminals: refusals or changes.
    second: Focus,
    busiest: Selection,
    refusals: Selection,
    change: Selection,
    requested_at: Option<Timestamp>,
    vitals_requested_at: Option<Timestamp>,
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            data: Remote::default(),
            vitals: Remote::default(),
            history: History::default(),
            changes: Remote::default(),
            days: 14,
            focus: Focus::default(),
            second: Focus::Refusals,
            busiest: Selection::default(),
            refusals: Selection::default(),
            change: Selection::default(),
            requested_at: None,
            vitals_requested_at: None,
        }
    }
}

const NOTHING_SELECTED: &str = "No row is selected: select one with j or k";

/// Returns a query for the administrative actions since `start`.
fn changes_since(start: Option<Timestamp>) -> AuditQuery {
    let kinds = AuditType::ALL.iter().copied().filter(|kind| kind.is_administrative()).collect();
    AuditQuery { kinds, start, ..AuditQuery::default() }
}

impl Overview {
    fn change_entries(&self) -> &[AdminAuditLogItem] {
        self.changes.value.as_ref().map_or(&[], |page| &page.entries)
    }

    fn selected_refusal(&self) -> Option<&AdminAuditLogItem> {
        self.data.value.as_ref()?.latest_refusals.get(self.refusals.row()?)
    }

    fn selected_route(&self) -> Option<Route> {
        let data = self.data.value.as_ref()?;
        let (query, entry) = match self.focus {
            Focus::BusiestTenants => {
                let tenant = &data.busiest.get(self.busiest.row()?)?.tenant;
                return Some(Route::Tenant { id: tenant.id, name: tenant.display_name.clone() });
            }
            Focus::Refusals => {
                let query = AuditQuery { outcome: Some(AuditOutcome::Failed), ..AuditQuery::default() };
                (query, self.selected_refusal()?)
            }
            Focus::Changes => (changes_since(None), self.change_entries().get(self.change.row()?)?),
        };
        Some(Route::Audit { query: Box::new(query), tenant_name: None, entry: Some(entry.entry.id) })
    }

    fn set_focus(&mut self, focus: Focus) {
        self.focus = focus;
        if focus != Focus::BusiestTenants {
            self.second = focus;
        }
    }

    fn load_vitals(&mut self, cx: &mut UpdateContext<'_>) {
        self.vitals_requested_at = Some(cx.now);
        self.vitals.load(BackendRequest::Vitals, cx);
    }

    fn handle_changes(&mut self, response: RequestResult) -> Option<RequestResult> {
        let old = self.change_entries().to_vec();
        let other = self.changes.handle_response(response, pick!(BackendResponse::Audit(page) => page));
        if let (Some(page), None) = (&self.changes.value, &other) {
            self.change.follow(&old, &page.entries, |row| row.entry.id);
        }
        other
    }

    fn handle_data(&mut self, response: RequestResult) -> Option<RequestResult> {
        let old = self.data.value.clone();
        let other = self.data.handle_response(response, pick!(BackendResponse::Overview(data) => *data));
        if let (Some(data), None) = (&self.data.value, &other) {
            let (busiest, refusals) = old.map(|old| (old.busiest, old.latest_refusals)).unwrap_or_default();
            self.busiest.follow(&busiest, &data.busiest, |row| row.tenant.id);
            self.refusals.follow(&refusals, &data.latest_refusals, |row| row.entry.id);
        }
        other
    }
}

impl Page for Overview {
    fn title(&self) -> String {
        "Overview".to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Open, "open", "open the tenant, or the entry in the audit log"),
            bind(&[Key::Tab, Key::Char('l')], Command::NextTab, "next list", "go to the next list"),
            bind(&[Key::BackTab, Key::Char('h')], Command::PreviousTab, "", "go to the previous list"),
            bind(&[Key::Char('s')], Command::ChangeDays, "days", "change the number of days in the chart"),
        ];
        if self.focus == Focus::Refusals {
            bindings.push(bind(&[Key::Char('e')], Command::Explain, "explain", "explain the refusal"));
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Open => match self.selected_route() {
                Some(route) => cx.open(route),
                None => cx.toast(Tone::Warn, NOTHING_SELECTED),
            },
            Command::Explain => match self.selected_refusal() {
                Some(row) => cx.explain(row),
                None => cx.toast(Tone::Warn, NOTHING_SELECTED),
            },
            Command::NextTab => self.set_focus(self.focus.next(false)),
            Command::PreviousTab => self.set_focus(self.focus.next(true)),
            Command::ChangeDays => {
                let [least, ..] = CHART_DAYS;
                self.days = CHART_DAYS.into_iter().find(|&days| days > self.days).unwrap_or(least);
                self.load(cx);
            }
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.requested_at = Some(cx.now);
        self.data.load(BackendRequest::Overview(self.days), cx);
        let since = changes_since(Some(cx.wall.plus_millis(-CHANGES_MS)));
        self.changes.load(BackendRequest::Audit(since, AuditPosition::Newest), cx);
        self.load_vitals(cx);
    }

    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let other = self.vitals.handle_response(response, pick!(BackendResponse::Vitals(vitals) => *vitals));
        if let Some(vitals) = self.vitals.value.take() {
            self.history.add(vitals);
        }
        let other = self.handle_changes(other?)?;
        self.handle_data(other)
    }

    fn is_busy(&self) -> bool {
        self.data.is_pending()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        let is_due = |at: Option<Timestamp>, period| at.is_none_or(|at| at.plus_millis(period) <= cx.now);
        if is_due(self.requested_at, REFRESH_MS) && !self.data.is_pending() {
            self.load(cx);
        } else if is_due(self.vitals_requested_at, VITALS_MS) && !self.vitals.is_pending() {
            self.load_vitals(cx);
        }
    }

    fn status(&self) -> Option<(String, Tone)> {
        let node = &self.history.latest.as_ref()?.node;
        Some((format!("node {node}"), Tone::Dim))
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        let changes = self.change_entries().len();
        let data = self.data.value.as_ref()?;
        Some(match self.focus {
            Focus::BusiestTenants => (&mut self.busiest, data.busiest.len()),
            Focus::Refusals => (&mut self.refusals, data.latest_refusals.len()),
            Focus::Changes => (&mut self.change, changes),
        })
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        if let ClickTarget::ListRow(list, _) = target
            && let Some(focus) = Focus::ALL.get(list)
        {
            self.set_focus(*focus);
        }
    }
}
