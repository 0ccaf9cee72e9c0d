//! Summary of the installation: health, counts, activity, busiest tenants and latest refusals.

mod view;

use doorward_shared::{Timestamp, admin::Overview as OverviewData, audit::AuditOutcome};

use crate::{
    api::AuditQuery,
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{Binding, ClickTarget, Command, Key, LIST_KEYS, Page, Remote, Route, Selection, UpdateContext, bind, pick},
};

const REFRESH_MS: i64 = 5_000;
const CHART_DAYS: [u32; 4] = [7, 14, 30, 90];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Focus {
    #[default]
    BusiestTenants,
    Refusals,
}

#[derive(Debug, Clone)]
pub struct Overview {
    data: Remote<OverviewData>,
    days: u32,
    focus: Focus,
    busiest: Selection,
    refusals: Selection,
    requested_at: Option<Timestamp>,
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            data: Remote::default(),
            days: 14,
            focus: Focus::default(),
            busiest: Selection::default(),
            refusals: Selection::default(),
            requested_at: None,
        }
    }
}

impl Overview {
    fn selected_route(&self) -> Option<Route> {
        let data = self.data.value.as_ref()?;
        match self.focus {
            Focus::BusiestTenants => {
                let tenant = &data.busiest.get(self.busiest.row()?)?.tenant;
                Some(Route::Tenant { id: tenant.id, name: tenant.display_name.clone() })
            }
            Focus::Refusals => {
                let entry = data.latest_refusals.get(self.refusals.row()?)?.entry.id;
                let query = AuditQuery { outcome: Some(AuditOutcome::Failed), ..AuditQuery::default() };
                Some(Route::Audit { query: Box::new(query), tenant_name: None, entry: Some(entry) })
            }
        }
    }

    const fn focus_other_list(&mut self) {
        self.focus = match self.focus {
            Focus::BusiestTenants => Focus::Refusals,
            Focus::Refusals => Focus::BusiestTenants,
        };
    }
}

impl Page for Overview {
    fn title(&self) -> String {
        "Overview".to_owned()
    }

    fn bindings(&self, _may_change: bool) -> Vec<Binding> {
        const OTHER_LIST: &[Key] = &[Key::Tab, Key::BackTab, Key::Char('h'), Key::Char('l')];
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Open, "open", "open the tenant, or the refusal in the audit log"),
            bind(OTHER_LIST, Command::NextTab, "other list", "go to the other list"),
            bind(&[Key::Char('s')], Command::ChangeDays, "days", "change the number of days in the chart"),
        ];
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Open => {
                if let Some(route) = self.selected_route() {
                    cx.open(route);
                }
            }
            Command::NextTab => self.focus_other_list(),
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
    }

    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let old = self.data.value.clone();
        let other = self.data.handle_response(response, pick!(BackendResponse::Overview(data) => *data));
        if let (Some(data), None) = (&self.data.value, &other) {
            let (busiest, refusals) = old.map(|old| (old.busiest, old.latest_refusals)).unwrap_or_default();
            self.busiest.follow(&busiest, &data.busiest, |row| row.tenant.id);
            self.refusals.follow(&refusals, &data.latest_refusals, |row| row.entry.id);
        }
        other
    }

    fn is_busy(&self) -> bool {
        self.data.is_pending()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        let due = self.requested_at.is_none_or(|at| at.plus_millis(REFRESH_MS) <= cx.now);
        if due && !self.data.is_pending() {
            self.load(cx);
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        let data = self.data.value.as_ref()?;
        Some(match self.focus {
            Focus::BusiestTenants => (&mut self.busiest, data.busiest.len()),
            Focus::Refusals => (&mut self.refusals, data.latest_refusals.len()),
        })
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        if let ClickTarget::OtherRow(_) = target {
            self.focus_other_list();
        }
    }
}
