//! The list of tenants.

use doorward_shared::{
    admin::{TenantSort, TenantSummary},
    page::Order,
};

use super::{
    Page, Screen,
    audit::Audit,
    tenant::{Tab, Tenant},
};
use crate::{
    api::{AuditQuery, TenantSummaryQuery},
    backend::{Answer, Call},
    field::Field,
    keymap::{Binding, Command, Key, MOVES, bind},
    list::{Cursor, Loaded, Paged, Row},
    message::Reply,
    model::{Cx, Tone},
    overlay::{Confirm, Overlay, confirm::Act, forms},
    search::{Search, WRITING},
    secret::Secret,
};

impl Row for TenantSummary {
    fn key(&self) -> String {
        self.tenant.id.to_string()
    }
}

/// The screen.
#[derive(Debug, Clone)]
pub struct Tenants {
    /// The tenants so far.
    pub list: Paged<TenantSummary>,
    /// The filter.
    pub search: Search,
    /// By what they are sorted.
    pub sort: TenantSort,
    /// In which direction.
    pub order: Order,
}

impl Default for Tenants {
    fn default() -> Self {
        Self { list: Paged::default(), search: Search::default(), sort: TenantSort::Activity, order: Order::Descending }
    }
}

/// The question before a tenant is deleted.
#[must_use]
pub fn confirm_deletion(id: doorward_shared::TenantId, name: &str, users: Option<u64>, leave: bool) -> Confirm {
    let mut lines = vec![
        (Tone::Plain, format!("{name} goes with its users, credentials, keys and audit log.")),
        (Tone::Dim, id.to_string()),
    ];
    if let Some(users) = users.filter(|users| *users > 0) {
        let people = if users == 1 {
            "1 user loses its passkeys.".to_owned()
        } else {
            format!("{users} users lose their passkeys.")
        };
        lines.insert(1, (Tone::Warn, people));
    }
    lines.push((Tone::Strong, "This cannot be undone. Write its name to go on:".to_owned()));
    let act = Act::Call { call: Box::new(Call::DeleteTenant(id)), done: format!("Deleted tenant {name}"), leave };
    Confirm::destroying(format!("Delete tenant {name}?"), "delete", lines, act).by_name(name)
}

impl Tenants {
    fn query(&self, after: Option<String>) -> Call {
        Call::Tenants(TenantSummaryQuery {
            text: self.search.text(),
            sort: Some(self.sort),
            order: Some(self.order),
            limit: Some(if after.is_some() { 100 } else { self.list.page_size() }),
            after,
        })
    }

    fn open(&self, tab: Tab, cx: &mut Cx<'_>) {
        if let Some(summary) = self.list.selected() {
            let mut tenant = Tenant::new(summary.tenant.id, summary.tenant.display_name.clone());
            tenant.tab = tab;
            cx.open(Screen::Tenant(Box::new(tenant)));
        }
    }

    fn restart(&mut self, cx: &mut Cx<'_>) {
        self.list.load_other(self.query(None), cx);
    }
}

impl Page for Tenants {
    fn title(&self) -> String {
        "Tenants".to_owned()
    }

    fn commands(&self, may_change: bool) -> Vec<Binding> {
        if self.search.active {
            return WRITING.to_vec();
        }
        let mut bindings = Vec::new();
        if !self.list.rows.is_empty() {
            bindings.push(bind(&[Key::Enter], Command::Open, "open", "open the tenant"));
        }
        if may_change {
            bindings.push(bind(&[Key::Char('n')], Command::New, "new", "create a tenant"));
            if !self.list.rows.is_empty() {
                bindings.push(bind(&[Key::Char('e')], Command::Configure, "edit", "edit the tenant's configuration"));
                bindings.push(bind(&[Key::Char('R')], Command::Rename, "rename", "rename the tenant"));
                bindings.push(bind(&[Key::Char('d'), Key::Delete], Command::Delete, "delete", "delete the tenant"));
            }
        }
        bindings.push(bind(&[Key::Char('a')], Command::AuditLog, "audit", "the tenant's audit log"));
        bindings.push(bind(&[Key::Char('/')], Command::Filter, "filter", "filter by name, id or RP ID as you type"));
        bindings.push(bind(&[Key::Char('s')], Command::Sort, "sort", "sort by name, creation, activity or users"));
        bindings.push(bind(&[Key::Char('S')], Command::Reverse, "", "sort the other way round"));
        bindings.push(bind(&[Key::Char('y')], Command::Copy, "", "copy the tenant's id"));
        if self.search.text().is_some() {
            bindings.push(bind(&[Key::Esc], Command::Leave, "clear filter", "drop the filter"));
        }
        bindings.extend(MOVES);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        let selected = self.list.selected();
        match command {
            Command::Open => self.open(Tab::default(), cx),
            Command::Configure => self.open(Tab::Configuration, cx),
            Command::New => cx.dialog(Overlay::Form(Box::new(forms::create_tenant()))),
            Command::Rename => {
                if let Some(it) = selected {
                    cx.dialog(Overlay::Form(Box::new(forms::rename_tenant(it.tenant.id, &it.tenant.display_name))));
                }
            }
            Command::Delete => {
                if let Some(it) = selected {
                    let question = confirm_deletion(it.tenant.id, &it.tenant.display_name, Some(it.users), false);
                    cx.dialog(Overlay::Confirm(Box::new(question)));
                }
            }
            Command::Copy => {
                if let Some(it) = selected {
                    cx.copy(Secret::new(it.tenant.id.to_string()));
                }
            }
            Command::AuditLog => {
                if let Some(it) = selected {
                    let query = AuditQuery { tenant: Some(it.tenant.id), ..AuditQuery::default() };
                    let name = it.tenant.display_name.clone();
                    cx.open(Screen::Audit(Box::new(Audit::of(query, Some(name)))));
                }
            }
            Command::Sort => {
                let at = TenantSort::ALL.iter().position(|sort| *sort == self.sort).unwrap_or(0);
                self.sort = TenantSort::ALL.get((at + 1) % TenantSort::ALL.len()).copied().unwrap_or(self.sort);
                // Names read forwards; of everything else the most comes first.
                self.order = if self.sort == TenantSort::Name { Order::Ascending } else { Order::Descending };
                self.restart(cx);
            }
            Command::Reverse => {
                self.order = match self.order {
                    Order::Ascending => Order::Descending,
                    Order::Descending => Order::Ascending,
                };
                self.restart(cx);
            }
            Command::Filter | Command::Submit | Command::Leave => {
                let must_ask = self.search.perform(command);
                if must_ask {
                    self.restart(cx);
                }
            }
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut Cx<'_>) {
        self.list.load(self.query(None), cx);
    }

    fn settle(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<Reply> {
        let reply = self.list.settle(reply, |answer| match answer {
            Answer::Tenants(page) => Some(Loaded { rows: page.items, next: page.next, total: Some(page.total) }),
            _ => None,
        });
        if !self.list.is_pending() && self.search.is_waiting() {
            self.restart(cx);
        }
        reply
    }

    fn is_busy(&self) -> bool {
        self.list.is_pending()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if self.search.is_due(cx.now) {
            self.restart(cx);
        }
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        Some((&mut self.list.cursor, self.list.rows.len()))
    }

    fn moved(&mut self, cx: &mut Cx<'_>) {
        let mut list = std::mem::take(&mut self.list);
        list.load_more(cx, |next| self.query(Some(next)));
        self.list = list;
    }

    fn is_editing(&self) -> bool {
        self.search.active
    }

    fn field(&mut self) -> Option<&mut Field> {
        self.search.active.then_some(&mut self.search.field)
    }

    fn edited(&mut self, cx: &mut Cx<'_>) {
        if self.search.edited(cx.now, self.list.is_pending()) {
            self.restart(cx);
        }
    }
}
