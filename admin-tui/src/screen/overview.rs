//! The installation at a glance.

use doorward_shared::{
    Timestamp,
    admin::{Overview as Data, TenantSummary},
    audit::{AdminAuditLogItem, AuditOutcome},
};

use super::{Page, Screen, audit::Audit, tenant::Tenant};
use crate::{
    api::AuditQuery,
    backend::{Answer, Call},
    keymap::{Binding, Command, Key, MOVES, bind},
    list::{Cursor, Remote},
    message::{Reply, Target},
    model::Cx,
};

/// How often it is asked for.
const REFRESH_MS: i64 = 5_000;
/// The spans of days the chart can show.
const SPANS: [u32; 4] = [7, 14, 30, 90];

/// Which of its lists has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The busiest tenants.
    #[default]
    Busiest,
    /// The latest refusals.
    Refusals,
}

/// The screen.
#[derive(Debug, Clone)]
pub struct Overview {
    /// What the server said last.
    pub data: Remote<Data>,
    /// Days the chart shows.
    pub days: u32,
    /// Which list has the focus.
    pub focus: Focus,
    /// Selection among the busiest tenants.
    pub busiest: Cursor,
    /// Selection among the latest refusals.
    pub refusals: Cursor,
    asked_at: Option<Timestamp>,
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            data: Remote::default(),
            days: 14,
            focus: Focus::default(),
            busiest: Cursor::default(),
            refusals: Cursor::default(),
            asked_at: None,
        }
    }
}

impl Overview {
    fn tenant(&self) -> Option<&TenantSummary> {
        self.data.value.as_ref()?.busiest.get(self.busiest.selected)
    }

    fn refusal(&self) -> Option<&AdminAuditLogItem> {
        self.data.value.as_ref()?.latest_refusals.get(self.refusals.selected)
    }

    fn open(&self, cx: &mut Cx<'_>) {
        match self.focus {
            Focus::Busiest => {
                if let Some(summary) = self.tenant() {
                    let tenant = Tenant::new(summary.tenant.id, summary.tenant.display_name.clone());
                    cx.open(Screen::Tenant(Box::new(tenant)));
                }
            }
            Focus::Refusals => {
                if let Some(refusal) = self.refusal() {
                    let query = AuditQuery { outcome: Some(AuditOutcome::Failed), ..AuditQuery::default() };
                    cx.open(Screen::Audit(Box::new(Audit::at(query, None, refusal.entry.id))));
                }
            }
        }
    }
}

impl Page for Overview {
    fn title(&self) -> String {
        "Overview".to_owned()
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        let mut bindings = vec![
            bind(&[Key::Enter], Command::Open, "open", "open the tenant, or the refusal in the audit log"),
            bind(
                &[Key::Tab, Key::BackTab, Key::Char('h'), Key::Char('l')],
                Command::NextTab,
                "other list",
                "go to the other list",
            ),
            bind(&[Key::Char('s')], Command::Sort, "span", "chart more days, or fewer"),
        ];
        bindings.extend(MOVES);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::Open => self.open(cx),
            Command::NextTab => {
                self.focus = if self.focus == Focus::Busiest { Focus::Refusals } else { Focus::Busiest };
            }
            Command::Sort => {
                self.days = SPANS.iter().copied().find(|&days| days > self.days).unwrap_or(7);
                self.load(cx);
            }
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut Cx<'_>) {
        self.asked_at = Some(cx.now);
        self.data.load(Call::Overview(self.days), cx);
    }

    fn settle(&mut self, reply: Reply, _cx: &mut Cx<'_>) -> Option<Reply> {
        let reply = self.data.settle(reply, |answer| match answer {
            Answer::Overview(data) => Some(*data),
            _ => None,
        });
        if let Some(data) = &self.data.value {
            self.busiest.select(self.busiest.selected, data.busiest.len());
            self.refusals.select(self.refusals.selected, data.latest_refusals.len());
        }
        reply
    }

    fn is_busy(&self) -> bool {
        self.data.is_pending()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let due = self.asked_at.is_none_or(|at| at.plus_millis(REFRESH_MS) <= cx.now);
        if due && !self.data.is_pending() {
            self.load(cx);
        }
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        let data = self.data.value.as_ref()?;
        Some(match self.focus {
            Focus::Busiest => (&mut self.busiest, data.busiest.len()),
            Focus::Refusals => (&mut self.refusals, data.latest_refusals.len()),
        })
    }

    fn click(&mut self, target: Target, _cx: &mut Cx<'_>) {
        if let Target::Other(_) = target {
            self.focus = if self.focus == Focus::Busiest { Focus::Refusals } else { Focus::Busiest };
        }
    }
}
