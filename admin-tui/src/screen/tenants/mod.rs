//! The list of tenants.

mod view;

use doorward_shared::{
    TenantId, Timestamp,
    admin::{SORTED_BY_ACTIVITY, TenantItem, TenantSort, TenantSummary},
    counted,
    page::Order,
};

use super::disabling;
use crate::{
    api::{DisableTarget, TenantSummaryQuery},
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{
        Binding, ClickTarget, Command, Dialog, FILTER_KEYS, FilterInput, FormKind, Key, Keyed, LIST_KEYS, LoadedPage,
        MarkedObjects, Page, PagedList, Question, Rights, Route, Selection, TextInput, Tone, UpdateContext, bind, pick,
    },
};

/// The columns of the list, from left to right.
const COLUMNS: [TenantSort; 8] = [
    TenantSort::Name,
    TenantSort::RpId,
    TenantSort::Users,
    TenantSort::ApiKeys,
    TenantSort::Succeeded,
    TenantSort::Refused,
    TenantSort::Activity,
    TenantSort::Created,
];

/// Interval between refreshes of the list, in milliseconds.
const REFRESH_MS: i64 = 5_000;

impl Keyed for TenantSummary {
    fn key(&self) -> String {
        self.tenant.id.to_string()
    }
}

#[derive(Debug, Clone)]
pub struct Tenants {
    list: PagedList<TenantSummary>,
    filter: FilterInput,
    sort: TenantSort,
    order: Order,
    requested_at: Option<Timestamp>,
}

impl Default for Tenants {
    fn default() -> Self {
        Self {
            list: PagedList::default(),
            filter: FilterInput::default(),
            sort: TenantSort::Activity,
            order: Order::Descending,
            requested_at: None,
        }
    }
}

pub fn confirm_deletion(id: TenantId, name: &str, users: Option<u64>) -> Question {
    let mut lines = vec![
        (Tone::Plain, format!("Deletes {name} with its users, credentials and keys.")),
        (Tone::Plain, "Its audit log is kept for the retention time.".to_owned()),
    ];
    match users {
        None | Some(0) => {}
        Some(1) => lines.push((Tone::Warn, "1 user loses their passkeys.".to_owned())),
        Some(users) => lines.push((Tone::Warn, format!("{users} users lose their passkeys."))),
    }
    lines.push((Tone::Dim, id.to_string()));
    lines.push((Tone::Strong, "This cannot be undone. Type the name to confirm:".to_owned()));
    let (title, done) = (format!("Delete tenant {name}?"), format!("Deleted tenant {name}"));
    let request = BackendRequest::DeleteTenant(id, name.to_owned());
    Question {
        typed_name: Some(name.to_owned()),
        ..Question::destructive_request(title, "delete", lines, request, done)
    }
}

/// Returns the question that is asked before the tenant is disabled or, if it is disabled, enabled.
pub fn confirm_disabling(tenant: &TenantSummary) -> Question {
    let TenantItem { id, display_name: name, disabled_at } = &tenant.tenant;
    let mut lines = vec![(Tone::Plain, format!("All requests to {name} are refused, except for its public keys."))];
    match tenant.users {
        0 => {}
        1 => lines.push((Tone::Warn, "1 user cannot sign in.".to_owned())),
        users => lines.push((Tone::Warn, format!("{users} users cannot sign in."))),
    }
    disabling::confirm(DisableTarget::Tenant(*id), &format!("tenant {name}"), disabled_at.is_some(), lines)
}

impl Tenants {
    fn call(&self, after: Option<String>) -> BackendRequest {
        BackendRequest::Tenants(TenantSummaryQuery {
            text: self.filter.text(),
            sort: Some(self.sort),
            order: Some(self.order),
            limit: Some(self.list.page_size(after.as_ref())),
            after,
        })
    }

    fn replace(&mut self, cx: &mut UpdateContext<'_>) {
        self.list.replace(self.call(None), cx);
    }

    fn confirm_deletions(&self) -> Option<Question> {
        let tenants = self.list.marked();
        let object = |it: &&TenantSummary| {
            let name = &it.tenant.display_name;
            let call = BackendRequest::DeleteTenant(it.tenant.id, name.clone());
            let (users, credentials) = (counted(it.users, "user"), counted(it.credentials, "credential"));
            (format!("{name} ({users}, {credentials})  {}", it.tenant.id), call)
        };
        let objects: MarkedObjects = tenants.iter().map(object).collect();
        let text = counted(objects.len(), "tenant");
        let lines = vec![
            (Tone::Plain, "Deletes these tenants with their users, credentials and keys.".to_owned()),
            (Tone::Plain, "Their audit logs are kept for the retention time.".to_owned()),
            (Tone::Strong, format!("This cannot be undone. Type {text} to confirm:")),
        ];
        let question = Question::bulk(("delete", "Deleted"), "tenant", lines, objects)?;
        Some(Question { typed_name: Some(text), ..question })
    }

    fn sort_by_next(&mut self) {
        let at = COLUMNS.iter().position(|sort| *sort == self.sort).unwrap_or(0);
        self.sort_by(COLUMNS.get((at + 1) % COLUMNS.len()).copied().unwrap_or(self.sort));
    }

    fn sort_by(&mut self, sort: TenantSort) {
        self.sort = sort;
        // Texts are sorted in ascending order. Counts and times start with the largest value.
        self.order = if sort.is_text() { Order::Ascending } else { Order::Descending };
    }

    const fn reverse(&mut self) {
        self.order = match self.order {
            Order::Ascending => Order::Descending,
            Order::Descending => Order::Ascending,
        };
    }

    fn perform_on_selected(&self, command: Command, cx: &mut UpdateContext<'_>) {
        let Some(it) = self.list.selected() else { return };
        let (id, name) = (it.tenant.id, it.tenant.display_name.clone());
        match command {
            Command::Open => cx.open(Route::Tenant { id, name }),
            Command::Configure => cx.open(Route::TenantConfiguration { id, name }),
            Command::Rename => cx.show(Dialog::Form(FormKind::RenameTenant(id, name))),
            Command::Delete => cx.show(Dialog::Confirm(confirm_deletion(id, &name, Some(it.users)))),
            Command::ToggleDisabled => cx.show(Dialog::Confirm(confirm_disabling(it))),
            Command::Copy => cx.copy(id.to_string()),
            Command::AuditLog => cx.open(Route::tenant_audit(id, &name)),
            _ => {}
        }
    }
}

impl Page for Tenants {
    fn title(&self) -> String {
        "Tenants".to_owned()
    }

    fn bindings(&self, rights: Rights) -> Vec<Binding> {
        if self.filter.active {
            return FILTER_KEYS.to_vec();
        }
        let has_rows = !self.list.rows.is_empty();
        let mut bindings = Vec::new();
        if has_rows {
            bindings.push(bind(&[Key::Enter], Command::Open, "open", "open the tenant"));
        }
        if rights.changes && rights.all_tenants {
            bindings.push(bind(&[Key::Char('n')], Command::New, "new", "create a tenant"));
        }
        if rights.changes && has_rows {
            bindings.extend([
                bind(&[Key::Char('e')], Command::Configure, "edit", "edit the tenant's configuration"),
                bind(&[Key::Char('R')], Command::Rename, "rename", "rename the tenant"),
                bind(
                    &[Key::Char('d'), Key::Delete],
                    Command::Delete,
                    "delete",
                    "delete the tenant, or all marked ones",
                ),
            ]);
            bindings.extend(self.list.mark_bindings());
        }
        bindings.extend([
            bind(&[Key::Char('a')], Command::AuditLog, "audit", "open the tenant's audit log"),
            bind(&[Key::Char('/')], Command::Filter, "filter", "filter by name, id or RP ID as you type"),
            bind(&[Key::Char('s')], Command::Sort, "sort", "sort by the next column"),
            bind(&[Key::Char('S')], Command::Reverse, "", "reverse the order"),
            bind(&[Key::Char('y')], Command::Copy, "", "copy the tenant's id"),
        ]);
        if rights.changes && has_rows {
            let is_disabled = self.list.selected().is_some_and(|it| it.tenant.disabled_at.is_some());
            let keys = &[Key::Char('x')];
            let marked: Vec<bool> = self.list.marked().iter().map(|it| it.tenant.disabled_at.is_some()).collect();
            let toggle = disabling::list_binding(keys, is_disabled, &marked, "disable the tenant");
            bindings.push(disabling::unlabelled(toggle, is_disabled || !marked.is_empty()));
        }
        if self.filter.text().is_some() {
            bindings.push(bind(&[Key::Esc], Command::Leave, "clear filter", "clear the filter"));
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        if self.list.mark(command) {
            return;
        }
        match command {
            Command::Delete if !self.list.marked().is_empty() => {
                if let Some(question) = self.confirm_deletions() {
                    cx.show(Dialog::Confirm(question));
                }
            }
            Command::ToggleDisabled if !self.list.marked().is_empty() => {
                let object = |it: &TenantSummary| {
                    let TenantItem { id, display_name, disabled_at } = &it.tenant;
                    (format!("{display_name}  {id}"), DisableTarget::Tenant(*id), disabled_at.is_some())
                };
                disabling::show_bulk(
                    "tenant",
                    self.list.marked().into_iter().map(object).collect(),
                    disabling::requests_refused(),
                    cx,
                );
            }
            Command::New => cx.show(Dialog::Form(FormKind::CreateTenant)),
            Command::Sort => {
                self.sort_by_next();
                self.replace(cx);
            }
            Command::Reverse => {
                self.reverse();
                self.replace(cx);
            }
            Command::Filter | Command::Submit | Command::Leave => {
                if self.filter.perform(command) {
                    self.replace(cx);
                }
            }
            _ => self.perform_on_selected(command, cx),
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.requested_at = Some(cx.now);
        self.list.reload(self.call(None), cx);
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let tenants = pick!(BackendResponse::Tenants(page) => LoadedPage::new(page.items, page.next, Some(page.total)));
        let other = self.list.handle_response(response, tenants);
        if !self.list.is_pending() && self.filter.take_waiting() {
            self.replace(cx);
        }
        if let Some(cursor) = self.list.rest_of_reload() {
            self.list.append(self.call(Some(cursor)), cx);
        }
        other
    }

    fn is_busy(&self) -> bool {
        self.list.is_pending()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        if self.filter.take_due(cx.now) {
            self.replace(cx);
        }
        let is_due = self.requested_at.is_none_or(|at| at.plus_millis(REFRESH_MS) <= cx.now);
        if is_due && self.list.may_refresh() && !self.filter.active {
            self.load(cx);
        }
    }

    fn status(&self) -> Option<(String, Tone)> {
        let count = self.list.count("tenant");
        if self.list.total.is_some_and(|total| self.sort.leaves_out_tenants(total)) {
            return Some((format!("sorted: the {SORTED_BY_ACTIVITY} active last of {count}"), Tone::Warn));
        }
        Some((count, Tone::Dim))
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        Some(self.list.selection_and_len())
    }

    fn selection_moved(&mut self, cx: &mut UpdateContext<'_>) {
        if let Some(cursor) = self.list.wanted_page() {
            self.list.append(self.call(Some(cursor)), cx);
        }
    }

    /// Sorts by the clicked column, or reverses the order.
    fn click(&mut self, target: ClickTarget, cx: &mut UpdateContext<'_>) {
        let ClickTarget::Column(column) = target else { return };
        let Some(sort) = COLUMNS.get(column).copied() else { return };
        if sort == self.sort {
            self.reverse();
        } else {
            self.sort_by(sort);
        }
        self.replace(cx);
    }

    fn is_editing(&self) -> bool {
        self.filter.active
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        self.filter.active.then_some(&mut self.filter.input)
    }

    fn text_edited(&mut self, cx: &mut UpdateContext<'_>) {
        if self.filter.edited(cx.now, self.list.is_pending()) {
            self.replace(cx);
        }
    }
}
