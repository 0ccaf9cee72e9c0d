//! A user: profile, credentials, and latest transactions.

mod view;

use doorward_shared::{
    TenantId, UserId,
    admin::{UserDetail, UserItem},
    public::{CredentialItem, TransactionItem},
};

use super::disabling;
use crate::{
    api::{AuditQuery, DisableTarget, UserRef},
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{
        Binding, ClickTarget, Command, Dialog, Key, LIST_KEYS, Page, Question, Remote, Route, Selection, Tone,
        UpdateContext, bind, pick,
    },
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Focus {
    #[default]
    Credentials,
    Transactions,
}

#[derive(Debug, Clone)]
pub struct User {
    tenant: TenantId,
    tenant_name: String,
    id: UserRef,
    name: String,
    data: Remote<UserDetail>,
    focus: Focus,
    credentials: Selection,
    transactions: Selection,
}

pub fn confirm_deletion(tenant: TenantId, id: UserId, name: &str, credentials: usize) -> Question {
    let count = if credentials == 1 { "1 credential".to_owned() } else { format!("{credentials} credentials") };
    let lines = vec![
        (Tone::Plain, format!("Deletes {name} with {count} and all transactions.")),
        (Tone::Dim, "The audit entries are kept.".to_owned()),
    ];
    let (title, done) = (format!("Delete user {name}?"), format!("Deleted user {name}"));
    Question::destructive_request(title, "delete", lines, BackendRequest::DeleteUser(tenant, id), done)
}

/// Returns the question before the user is disabled or, if the user is disabled, enabled.
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
            credentials: Selection::default(),
            transactions: Selection::default(),
        }
    }

    fn credential(&self) -> Option<&CredentialItem> {
        let data = self.data.value.as_ref().filter(|_| self.focus == Focus::Credentials)?;
        data.credentials.get(self.credentials.row()?)
    }

    fn transaction(&self) -> Option<&TransactionItem> {
        let data = self.data.value.as_ref().filter(|_| self.focus == Focus::Transactions)?;
        data.transactions.get(self.transactions.row()?)
    }

    /// Returns the application's `user_id`, which audit entries contain.
    fn user_id(&self) -> String {
        self.data.value.as_ref().map_or(&self.id.id, |data| &data.user.user_id).clone()
    }

    /// Returns the id of the user that the screen shows.
    fn loaded_id(&self) -> Option<UserId> {
        self.data.value.as_ref().map(|data| data.user.id)
    }

    fn credential_count(&self) -> usize {
        self.data.value.as_ref().map_or(0, |data| data.credentials.len())
    }

    fn confirm_removal(&self, user: UserId, credential: &CredentialItem) -> Question {
        let id = credential.id.to_string();
        let name = credential.name.as_ref().unwrap_or(&id);
        let mut lines =
            vec![(Tone::Plain, format!("{} can no longer sign in with {name}.", self.name)), (Tone::Dim, id.clone())];
        if self.credential_count() == 1 {
            lines.push((Tone::Warn, "It is the last credential of this user.".to_owned()));
        }
        let (title, done) = (format!("Remove credential {name}?"), format!("Removed credential {name}"));
        let call = BackendRequest::DeleteCredential(self.tenant, user, id);
        Question::destructive_request(title, "remove", lines, call, done)
    }

    fn confirm_disabling_credential(&self, user: UserId, credential: &CredentialItem) -> Question {
        let id = credential.id.to_string();
        let name = credential.name.as_ref().unwrap_or(&id);
        let mut lines =
            vec![(Tone::Plain, format!("{} cannot sign in with {name}.", self.name)), (Tone::Dim, id.clone())];
        if self.credential_count() == 1 {
            lines.push((Tone::Warn, "It is the only credential of this user.".to_owned()));
        }
        let (what, is_disabled) = (format!("credential {name}"), credential.disabled_at.is_some());
        disabling::confirm(DisableTarget::Credential(self.tenant, user, id), &what, is_disabled, lines)
    }

    const fn focus_other_list(&mut self) {
        self.focus = match self.focus {
            Focus::Credentials => Focus::Transactions,
            Focus::Transactions => Focus::Credentials,
        };
    }
}

impl Page for User {
    fn title(&self) -> String {
        self.name.clone()
    }

    fn bindings(&self, may_change: bool) -> Vec<Binding> {
        const OTHER_LIST: &[Key] = &[Key::Tab, Key::BackTab, Key::Char('h'), Key::Char('l')];
        let mut bindings = vec![bind(OTHER_LIST, Command::NextTab, "other list", "go to credentials or transactions")];
        if may_change && self.credential().is_some() {
            bindings.push(bind(&[Key::Char('d'), Key::Delete], Command::Delete, "remove", "remove the credential"));
        }
        if may_change && self.data.value.is_some() {
            bindings.push(bind(&[Key::Char('D')], Command::DeleteParent, "delete user", "delete the user"));
        }
        bindings.push(bind(&[Key::Char('y')], Command::Copy, "", "copy the user's id"));
        bindings.push(bind(&[Key::Char('a')], Command::AuditLog, "audit", "open the user's audit entries"));
        if let Some(credential) = self.credential().filter(|_| may_change) {
            let (keys, is_disabled) = (&[Key::Char('x')], credential.disabled_at.is_some());
            bindings.push(disabling::binding(keys, Command::ToggleDisabled, is_disabled, "disable the credential"));
        }
        if let Some(data) = self.data.value.as_ref().filter(|_| may_change) {
            let (keys, is_disabled) = (&[Key::Char('X')], data.user.disabled_at.is_some());
            let toggle = disabling::binding(keys, Command::ToggleParentDisabled, is_disabled, "disable the user");
            bindings.push(disabling::unlabelled(Binding { label: "enable user", ..toggle }, is_disabled));
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::NextTab => self.focus_other_list(),
            Command::Delete => {
                if let (Some(user), Some(credential)) = (self.loaded_id(), self.credential()) {
                    cx.show(Dialog::Confirm(self.confirm_removal(user, credential)));
                }
            }
            Command::ToggleDisabled => {
                if let (Some(user), Some(credential)) = (self.loaded_id(), self.credential()) {
                    cx.show(Dialog::Confirm(self.confirm_disabling_credential(user, credential)));
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
            Command::Copy => cx.copy(self.user_id()),
            Command::AuditLog => {
                // Exact, because the substring `u1` would also match other users, such as `u12`.
                let exact = vec![("actor", self.user_id())];
                let query = AuditQuery { tenant: Some(self.tenant), exact, ..AuditQuery::default() };
                cx.open(Route::audit(query, Some(self.tenant_name.clone())));
            }
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.data.load(BackendRequest::User(self.tenant, self.id.clone()), cx);
    }

    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let old = self.data.value.clone();
        let other = self.data.handle_response(response, pick!(BackendResponse::User(data) => *data));
        if let (Some(data), None) = (&self.data.value, &other) {
            let (credentials, transactions) = old.map(|old| (old.credentials, old.transactions)).unwrap_or_default();
            self.credentials.follow(&credentials, &data.credentials, |row| row.id.clone());
            self.transactions.follow(&transactions, &data.transactions, |row| row.id);
        }
        other
    }

    fn is_busy(&self) -> bool {
        self.data.is_pending()
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        let data = self.data.value.as_ref()?;
        Some(match self.focus {
            Focus::Credentials => (&mut self.credentials, data.credentials.len()),
            Focus::Transactions => (&mut self.transactions, data.transactions.len()),
        })
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        if let ClickTarget::OtherRow(_) = target {
            self.focus_other_list();
        }
    }
}
