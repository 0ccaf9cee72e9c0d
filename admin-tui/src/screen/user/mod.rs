//! A user: profile, credentials, latest audit entries and latest transactions.

mod credential_questions;
mod credentials_view;
mod view;

use doorward_shared::{
    AuditId, TenantId, Timestamp, UserId,
    admin::{UserDetail, UserItem},
    audit::{AdminAuditLogItem, AuditLogItem},
    counted,
    public::{CredentialItem, TransactionItem},
};

use super::{
    disabling,
    table_sort::{SORT_KEYS, Sorted as _, TableSort},
};
use crate::{
    api::{AuditQuery, DisableTarget, UserRef},
    effect::RequestResult,
    request::{AuditPage, AuditPosition, BackendRequest, BackendResponse},
    ui::{
        Binding, ClickTarget, Command, Dialog, Key, Keyed, LIST_KEYS, Marks, Page, Question, Remote, Rights, Route,
        Selection, Tone, UpdateContext, bind, pick,
    },
};

/// Interval between refreshes, in milliseconds.
const REFRESH_MS: i64 = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Focus {
    #[default]
    Credentials,
    Events,
    Transactions,
}

impl Focus {
    const ALL: [Self; 3] = [Self::Credentials, Self::Events, Self::Transactions];

    /// Returns the list `by` positions below, wrapping around.
    fn shifted(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|focus| *focus == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or(self)
    }
}

#[derive(Debug, Clone)]
pub struct User {
    tenant: TenantId,
    tenant_name: String,
    id: UserRef,
    name: String,
    data: Remote<UserDetail>,
    focus: Focus,
    /// The list below the credentials on short terminals: events or transactions.
    second: Focus,
    /// The latest audit entries of the user, once the user's id is known.
    events: Remote<AuditPage>,
    credentials: Selection,
    event: Selection,
    transactions: Selection,
    /// The marked credentials.
    marks: Marks,
    /// Order of the credentials.
    sort: TableSort,
    requested_at: Option<Timestamp>,
}

impl Keyed for CredentialItem {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

pub fn confirm_deletion(tenant: TenantId, id: UserId, name: &str, credentials: usize) -> Question {
    let count = counted(credentials, "credential");
    let lines = vec![
        (Tone::Plain, format!("Deletes {name} with {count} and all transactions.")),
        (Tone::Dim, "The audit entries are kept.".to_owned()),
    ];
    let (title, done) = (format!("Delete user {name}?"), format!("Deleted user {name}"));
    Question::destructive_request(title, "delete", lines, BackendRequest::DeleteUser(tenant, id), done)
}

/// Returns the question that is asked before the user is disabled or, if the user is disabled, enabled.
pub fn confirm_disabling(tenant: TenantId, user: &UserItem) -> Question {
    let UserItem { id, name, disabled_at, .. } = user;
    let lines = vec![
        (Tone::Plain, format!("{name} cannot sign in, register credentials or confirm transactions.")),
        (Tone::Dim, "Tokens and sessions that exist already stay valid until they end.".to_owned()),
    ];
    disabling::confirm(DisableTarget::User(tenant, *id), &format!("user {name}"), disabled_at.is_some(), lines)
}

impl User {
    pub fn new(tenant: TenantId, tenant_name: String, id: UserRef, name: String) -> Self {
        Self {
            tenant,
            tenant_name,
            id,
            name,
            data: Remote::default(),
            focus: Focus::default(),
            second: Focus::Events,
            events: Remote::default(),
            credentials: Selection::default(),
            event: Selection::default(),
            transactions: Selection::default(),
            marks: Marks::default(),
            sort: TableSort::default(),
            requested_at: None,
        }
    }

    fn entries(&self) -> &[AdminAuditLogItem] {
        self.events.value.as_ref().map_or(&[], |page| &page.entries)
    }

    fn selected_event(&self) -> Option<&AdminAuditLogItem> {
        self.entries().get(self.event.row()?).filter(|_| self.focus == Focus::Events)
    }

    /// Returns the latest refused ceremony, and whether the user has completed a ceremony since then.
    fn latest_refusal(&self) -> Option<(&AuditLogItem, bool)> {
        let entries = || self.entries().iter().map(|row| &row.entry);
        let at = entries().position(|entry| entry.kind.is_failure())?;
        Some((entries().nth(at)?, entries().take(at).any(|entry| entry.kind.ends_ceremony())))
    }

    /// Returns the address from which a credential was last used, if the loaded entries show it.
    fn last_address(&self, credential: &CredentialItem) -> Option<&str> {
        let id = credential.id.to_string();
        let uses = |entry: &&AuditLogItem| entry.kind.ends_ceremony() && entry.credential_id.as_ref() == Some(&id);
        self.entries().iter().map(|row| &row.entry).find(uses).map(|entry| entry.meta_source_ip.as_str())
    }

    /// Returns the query for the user's audit entries. Its filter is exact, because the substring `u1` would also match
    /// other users.
    fn entries_query(&self) -> AuditQuery {
        let exact = vec![("actor", self.user_id())];
        AuditQuery { tenant: Some(self.tenant), exact, ..AuditQuery::default() }
    }

    fn handle_events(&mut self, response: RequestResult) -> Option<RequestResult> {
        let old = self.entries().to_vec();
        let other = self.events.handle_response(response, pick!(BackendResponse::Audit(page) => page));
        if let (Some(page), None) = (&self.events.value, &other) {
            self.event.follow(&old, &page.entries, |row| row.entry.id);
        }
        other
    }

    fn set_focus(&mut self, focus: Focus) {
        self.focus = focus;
        if focus != Focus::Credentials {
            self.second = focus;
        }
    }

    /// Opens an audit entry in the user's audit log.
    fn open_entry(&self, entry: AuditId, cx: &mut UpdateContext<'_>) {
        let (query, tenant_name) = (Box::new(self.entries_query()), Some(self.tenant_name.clone()));
        cx.open(Route::Audit { query, tenant_name, entry: Some(entry) });
    }

    fn credentials_loaded(&self) -> &[CredentialItem] {
        self.data.value.as_ref().map_or(&[], |data| &data.credentials)
    }

    fn credential(&self) -> Option<&CredentialItem> {
        self.credentials_loaded().get(self.credentials.row()?).filter(|_| self.focus == Focus::Credentials)
    }

    /// Returns whether commands apply to credentials: their list has the focus and is not empty.
    fn edits_credentials(&self) -> bool {
        self.focus == Focus::Credentials && !self.credentials_loaded().is_empty()
    }

    fn sort_by(&mut self, sort: TableSort) {
        self.sort = sort;
        let Some(data) = &mut self.data.value else { return };
        let old = data.credentials.clone();
        sort.sort(&mut data.credentials);
        self.credentials.follow(&old, &data.credentials, |row| row.id.clone());
    }

    fn transaction(&self) -> Option<&TransactionItem> {
        let data = self.data.value.as_ref().filter(|_| self.focus == Focus::Transactions)?;
        data.transactions.get(self.transactions.row()?)
    }

    /// Returns the application's `user_id`, which audit entries contain.
    fn user_id(&self) -> String {
        self.data.value.as_ref().map_or(&self.id.id, |data| &data.user.user_id).clone()
    }

    /// Returns the internal id of the user; `None` until the user has been loaded.
    fn loaded_id(&self) -> Option<UserId> {
        self.data.value.as_ref().map(|data| data.user.id)
    }

    fn credential_count(&self) -> usize {
        self.credentials_loaded().len()
    }
}

impl Page for User {
    fn title(&self) -> String {
        self.name.clone()
    }

    fn bindings(&self, rights: Rights) -> Vec<Binding> {
        let mut bindings = vec![
            bind(&[Key::Tab, Key::Char('l')], Command::NextTab, "next list", "go to the next list"),
            bind(&[Key::BackTab, Key::Char('h')], Command::PreviousTab, "", "go to the previous list"),
        ];
        if self.selected_event().is_some() {
            bindings.push(bind(&[Key::Enter], Command::Open, "open", "open the audit entry"));
        }
        if self.selected_event().is_some_and(|event| event.entry.kind.is_failure()) {
            bindings.push(bind(&[Key::Char('e')], Command::Explain, "explain", "explain the refusal"));
        }
        if self.edits_credentials() {
            bindings.extend(SORT_KEYS);
        }
        if self.latest_refusal().is_some() {
            bindings.push(bind(&[Key::Char('w')], Command::LatestRefusal, "why", "open the latest refusal"));
        }
        if rights.changes && self.edits_credentials() {
            let help = "remove the credential, or all marked ones";
            bindings.push(bind(&[Key::Char('d'), Key::Delete], Command::Delete, "remove", help));
            bindings.extend(self.marks.bindings(true));
        }
        if rights.changes && self.data.value.is_some() {
            bindings.push(bind(&[Key::Char('D')], Command::DeleteParent, "delete user", "delete the user"));
        }
        bindings.push(bind(&[Key::Char('y')], Command::Copy, "", "copy the user's id"));
        bindings.push(bind(&[Key::Char('a')], Command::AuditLog, "audit", "open the user's audit entries"));
        if rights.changes && self.edits_credentials() {
            let is_disabled = self.credential().is_some_and(|it| it.disabled_at.is_some());
            let marked = self.marks.of(self.credentials_loaded());
            let marked: Vec<bool> = marked.iter().map(|it| it.disabled_at.is_some()).collect();
            bindings.push(disabling::list_binding(&[Key::Char('x')], is_disabled, &marked, "disable the credential"));
        }
        if let Some(data) = self.data.value.as_ref().filter(|_| rights.changes) {
            let (keys, is_disabled) = (&[Key::Char('X')], data.user.disabled_at.is_some());
            let toggle = disabling::binding(keys, Command::ToggleParentDisabled, is_disabled, "disable the user");
            bindings.push(disabling::unlabelled(Binding { label: "enable user", ..toggle }, is_disabled));
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        let credentials = self.data.value.as_ref().map_or(&[][..], |data| &data.credentials);
        if self.marks.perform(command, credentials, &mut self.credentials) {
            return;
        }
        match command {
            Command::NextTab => self.set_focus(self.focus.shifted(1)),
            Command::PreviousTab => self.set_focus(self.focus.shifted(2)),
            Command::Open => {
                if let Some(event) = self.selected_event() {
                    self.open_entry(event.entry.id, cx);
                }
            }
            Command::Explain => {
                if let Some(event) = self.selected_event() {
                    cx.explain(event);
                }
            }
            Command::LatestRefusal => {
                if let Some((refusal, _)) = self.latest_refusal() {
                    self.open_entry(refusal.id, cx);
                }
            }
            Command::Delete => {
                if let Some(user) = self.loaded_id() {
                    self.ask_removal(user, cx);
                }
            }
            Command::ToggleDisabled => {
                if let Some(user) = self.loaded_id() {
                    self.ask_disabling(user, cx);
                }
            }
            Command::ToggleParentDisabled => {
                if let Some(data) = &self.data.value {
                    cx.show(Dialog::Confirm(confirm_disabling(self.tenant, &data.user)));
                }
            }
            Command::DeleteParent => {
                if let Some(id) = self.loaded_id() {
                    let question = confirm_deletion(self.tenant, id, &self.name, self.credential_count());
                    cx.show(Dialog::Confirm(question.leaving_screen(true)));
                }
            }
            Command::Sort | Command::Reverse => self.sort_by(self.sort.after(command, CredentialItem::COLUMNS)),
            Command::Copy => cx.copy(self.user_id()),
            Command::AuditLog => cx.open(Route::audit(self.entries_query(), Some(self.tenant_name.clone()))),
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.requested_at = Some(cx.now);
        self.data.load(BackendRequest::User(self.tenant, self.id.clone()), cx);
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let other = self.handle_events(response)?;
        let old = self.data.value.clone();
        let other = self.data.handle_response(other, pick!(BackendResponse::User(data) => *data));
        if let (Some(data), None) = (&mut self.data.value, &other) {
            self.sort.sort(&mut data.credentials);
            let (credentials, transactions) = old.map(|old| (old.credentials, old.transactions)).unwrap_or_default();
            self.credentials.follow(&credentials, &data.credentials, |row| row.id.clone());
            self.transactions.follow(&transactions, &data.transactions, |row| row.id);
            self.marks.retain(&data.credentials);
        }
        if other.is_none() && self.data.value.is_some() {
            self.events.load(BackendRequest::Audit(self.entries_query(), AuditPosition::Newest), cx);
        }
        other
    }

    fn is_busy(&self) -> bool {
        self.data.is_pending()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        let is_due = self.requested_at.is_none_or(|at| at.plus_millis(REFRESH_MS) <= cx.now);
        if is_due && !self.data.is_pending() && !self.events.is_pending() {
            self.load(cx);
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        let events = self.entries().len();
        let data = self.data.value.as_ref()?;
        Some(match self.focus {
            Focus::Credentials => (&mut self.credentials, data.credentials.len()),
            Focus::Events => (&mut self.event, events),
            Focus::Transactions => (&mut self.transactions, data.transactions.len()),
        })
    }

    fn tenant(&self) -> Option<(TenantId, String)> {
        Some((self.tenant, self.tenant_name.clone()))
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        match target {
            ClickTarget::ListRow(list, _) => {
                if let Some(focus) = Focus::ALL.get(list) {
                    self.set_focus(*focus);
                }
            }
            ClickTarget::Column(column) if self.focus == Focus::Credentials && column < CredentialItem::COLUMNS => {
                self.sort_by(self.sort.by(column));
            }
            _ => {}
        }
    }
}
