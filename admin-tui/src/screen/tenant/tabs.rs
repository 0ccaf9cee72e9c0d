//! Commands and requests of the tabs.

use doorward_shared::{
    ApiKeyId, SigningKeyId,
    admin::{SecretItem, SigningKeyItem, UserItem, UserSummary},
    counted,
};

use super::{Tab, Tenant};
use crate::{
    api::{AuditQuery, DisableTarget, UserQuery, UserRef},
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    screen::{disabling, table_sort::SORT_KEYS, user},
    ui::{
        Binding, Command, Dialog, FilterInput, FormKind, Key, Keyed, LoadedPage, PagedList, Question, Route, Tone,
        UpdateContext, bind, pick,
    },
};

const DELETE: &[Key] = &[Key::Char('d'), Key::Delete];
const DISABLE: &[Key] = &[Key::Char('x')];

fn query<T: Keyed>(list: &PagedList<T>, filter: &FilterInput, after: Option<String>) -> UserQuery {
    UserQuery { text: filter.text(), user_id: None, limit: Some(list.page_size(after.as_ref())), after }
}

/// Returns the user's name, followed by the user id if it differs from the name.
fn user_text(it: &UserSummary) -> String {
    let UserItem { name, user_id, .. } = &it.user;
    if name == user_id { name.clone() } else { format!("{name} ({user_id})") }
}

impl Tenant {
    pub(super) fn tab_bindings(&self, may_change: bool) -> Vec<Binding> {
        let mut bindings = Vec::new();
        let mut filter = None;
        match self.tab {
            Tab::Activity => {
                bindings.push(bind(&[Key::Enter], Command::Open, "entries", "open the audit entries of this refusal"));
            }
            Tab::Configuration => return self.configuration_bindings(may_change),
            Tab::ApiKeys => {
                bindings.push(bind(&[Key::Enter], Command::Open, "entries", "open the audit entries of this API key"));
                if !may_change {
                    bindings.extend(SORT_KEYS);
                    return bindings;
                }
                bindings.push(bind(&[Key::Char('n')], Command::New, "new", "create an API key"));
                if !self.api_keys.rows.is_empty() {
                    bindings.push(bind(DELETE, Command::Delete, "revoke", "revoke the API key, or all marked ones"));
                    let is_disabled = self.api_keys.selected().is_some_and(|key| key.disabled_at.is_some());
                    let marked: Vec<bool> =
                        self.api_keys.marked().iter().map(|key| key.disabled_at.is_some()).collect();
                    bindings.push(disabling::list_binding(DISABLE, is_disabled, &marked, "disable the API key"));
                    bindings.extend(self.api_keys.mark_bindings());
                }
            }
            Tab::SigningKeys if may_change => {
                bindings.push(bind(&[Key::Char('n')], Command::New, "rotate", "create a new signing key"));
                if self.signing_keys.rows.iter().any(|key| key.withdrawn_at.is_none()) {
                    bindings.push(bind(DELETE, Command::Delete, "retire", "retire the signing key"));
                    let help = "remove a compromised signing key from the JWKS at once";
                    bindings.push(bind(&[Key::Char('x')], Command::Withdraw, "withdraw", help));
                }
            }
            Tab::SigningKeys | Tab::Trust => {}
            Tab::Users => {
                bindings.push(bind(&[Key::Enter], Command::Open, "open", "open the user"));
                if may_change && !self.users.rows.is_empty() {
                    bindings.push(bind(DELETE, Command::Delete, "delete", "delete the user, or all marked ones"));
                    let is_disabled = self.users.selected().is_some_and(|it| it.user.disabled_at.is_some());
                    let marked: Vec<bool> =
                        self.users.marked().iter().map(|it| it.user.disabled_at.is_some()).collect();
                    bindings.push(disabling::list_binding(DISABLE, is_disabled, &marked, "disable the user"));
                    bindings.extend(self.users.mark_bindings());
                }
                filter = Some(&self.user_filter);
            }
            Tab::Transactions => {
                bindings.extend([
                    bind(&[Key::Enter], Command::Details, "details", "show or hide the complete transaction"),
                    bind(&[Key::Char('u')], Command::GoToUser, "user", "go to the transaction's user"),
                ]);
                filter = Some(&self.transaction_filter);
            }
        }
        if self.is_sortable() {
            bindings.extend(SORT_KEYS);
        }
        if let Some(filter) = filter {
            bindings.push(bind(&[Key::Char('/')], Command::Filter, "filter", "filter as you type"));
            if filter.text().is_some() {
                bindings.push(bind(&[Key::Esc], Command::Leave, "clear filter", "clear the filter"));
            }
        }
        bindings
    }

    pub(super) fn perform_on_tab(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        let is_mark = match self.tab {
            Tab::ApiKeys => self.api_keys.mark(command),
            Tab::Users => self.users.mark(command),
            _ => false,
        };
        if is_mark {
            return self.load_more(cx);
        }
        match (self.tab, command) {
            (Tab::Activity, Command::Open) => self.open_refusals(cx),
            (Tab::Configuration, _) => self.configure(command, cx),
            (Tab::ApiKeys, Command::Open) => self.open_entries_of_key(cx),
            (Tab::ApiKeys, Command::New) => {
                cx.show(Dialog::Form(FormKind::CreateApiKey(self.id, self.name.clone())));
            }
            (Tab::SigningKeys, Command::New) => {
                cx.show(Dialog::Form(FormKind::RotateSigningKey(self.id, self.name.clone())));
            }
            (Tab::SigningKeys, Command::Withdraw) => match self.signing_keys.selected() {
                Some(key) if key.withdrawn_at.is_some() => cx.toast(Tone::Warn, "This key is already withdrawn"),
                Some(key) => cx.show(Dialog::Confirm(self.confirm_withdrawal(key))),
                None => {}
            },
            (_, Command::Sort | Command::Reverse) => self.change_sort(command),
            (_, Command::Delete) => self.delete_selected(cx),
            (Tab::ApiKeys, Command::ToggleDisabled) if !self.api_keys.marked().is_empty() => {
                let target = |key: &SecretItem| DisableTarget::ApiKey(self.id, ApiKeyId::new(key.id));
                let object =
                    |key: &SecretItem| (format!("{} ({})", key.name, key.hint), target(key), key.disabled_at.is_some());
                let objects = self.api_keys.marked().into_iter().map(object).collect();
                disabling::show_bulk("API key", objects, disabling::requests_refused(), cx);
            }
            (Tab::Users, Command::ToggleDisabled) if !self.users.marked().is_empty() => {
                let target = |it: &UserSummary| DisableTarget::User(self.id, it.user.id);
                let object = |it: &UserSummary| (user_text(it), target(it), it.user.disabled_at.is_some());
                let objects = self.users.marked().into_iter().map(object).collect();
                disabling::show_bulk("user", objects, disabling::requests_refused(), cx);
            }
            (Tab::ApiKeys, Command::ToggleDisabled) => {
                if let Some(key) = self.api_keys.selected() {
                    cx.show(Dialog::Confirm(self.confirm_disabling(key)));
                }
            }
            (Tab::Users, Command::ToggleDisabled) => {
                if let Some(it) = self.users.selected() {
                    cx.show(Dialog::Confirm(user::confirm_disabling(self.id, &it.user)));
                }
            }
            (Tab::Users, Command::Open) => {
                if let Some(it) = self.users.selected() {
                    cx.open(self.user_route(UserRef::by_id(it.user.id), it.user.name.clone()));
                }
            }
            (Tab::Transactions, Command::Details) => self.show_details = !self.show_details,
            (Tab::Transactions, Command::GoToUser) => {
                if let Some(it) = self.transactions.selected() {
                    cx.open(self.user_route(UserRef::by_user_id(it.user_id.clone()), it.user_id.clone()));
                }
            }
            _ => {
                if self.filter_mut().is_some_and(|(filter, _)| filter.perform(command)) {
                    self.apply_filter(cx);
                }
            }
        }
    }

    /// Opens the audit entries of requests with the selected API key.
    fn open_entries_of_key(&self, cx: &mut UpdateContext<'_>) {
        if let Some(key) = self.api_keys.selected() {
            let exact = vec![("api_key_id", key.id.to_string())];
            let query = AuditQuery { tenant: Some(self.id), exact, ..AuditQuery::default() };
            cx.open(Route::audit(query, Some(self.name.clone())));
        }
    }

    fn user_route(&self, id: UserRef, name: String) -> Route {
        Route::User { tenant: self.id, tenant_name: self.name.clone(), id, name }
    }

    fn delete_selected(&self, cx: &mut UpdateContext<'_>) {
        let question = match self.tab {
            Tab::ApiKeys if !self.api_keys.marked().is_empty() => self.confirm_revocations(),
            Tab::Users if !self.users.marked().is_empty() => self.confirm_deletions(),
            Tab::ApiKeys => self.api_keys.selected().map(|key| self.confirm_revocation(key)),
            Tab::SigningKeys => match self.signing_keys.selected() {
                Some(key) if !key.signing && key.retired_at.is_some_and(|at| at <= cx.wall) => {
                    return cx.toast(Tone::Warn, "This key is already retired");
                }
                selected => selected.map(|key| self.confirm_retirement(key)),
            },
            Tab::Users => self.users.selected().map(|it| {
                let credentials = usize::try_from(it.credentials).unwrap_or(usize::MAX);
                user::confirm_deletion(self.id, it.user.id, &it.user.name, credentials)
            }),
            Tab::Activity | Tab::Configuration | Tab::Transactions | Tab::Trust => None,
        };
        if let Some(question) = question {
            cx.show(Dialog::Confirm(question));
        }
    }

    fn confirm_revocations(&self) -> Option<Question> {
        let object = |key: &SecretItem| {
            (format!("{} ({})", key.name, key.hint), BackendRequest::RevokeApiKey(self.id, ApiKeyId::new(key.id)))
        };
        let objects = self.api_keys.marked().into_iter().map(object).collect();
        let text = format!("Their clients can no longer call the API of {}:", self.name);
        Question::bulk(("revoke", "Revoked"), "API key", vec![(Tone::Plain, text)], objects)
    }

    fn confirm_deletions(&self) -> Option<Question> {
        let object = |it: &UserSummary| {
            let text = format!("{} ({})", user_text(it), counted(it.credentials, "credential"));
            (text, BackendRequest::DeleteUser(self.id, it.user.id))
        };
        let objects = self.users.marked().into_iter().map(object).collect();
        let text = format!("Deletes these users of {} with their credentials and transactions:", self.name);
        Question::bulk(("delete", "Deleted"), "user", vec![(Tone::Plain, text)], objects)
    }

    fn confirm_revocation(&self, key: &SecretItem) -> Question {
        let SecretItem { name, hint, .. } = key;
        let lines = vec![
            (Tone::Plain, format!("{name} ({hint}) stops working with the next request.")),
            (Tone::Dim, format!("Its clients can no longer call the API of {}.", self.name)),
        ];
        let (title, done) = (format!("Revoke API key {name}?"), format!("Revoked API key {name}"));
        Question::destructive_request(
            title,
            "revoke",
            lines,
            BackendRequest::RevokeApiKey(self.id, ApiKeyId::new(key.id)),
            done,
        )
    }

    fn confirm_disabling(&self, key: &SecretItem) -> Question {
        let SecretItem { id, name, hint, disabled_at, .. } = key;
        let lines = vec![
            (Tone::Plain, format!("{name} ({hint}) stops working with the next request.")),
            (Tone::Dim, format!("Its clients cannot call the API of {}.", self.name)),
        ];
        let target = DisableTarget::ApiKey(self.id, ApiKeyId::new(*id));
        disabling::confirm(target, &format!("API key {name}"), disabled_at.is_some(), lines)
    }

    fn confirm_retirement(&self, key: &SigningKeyItem) -> Question {
        let mut lines = vec![
            (Tone::Plain, format!("{} key {} no longer signs tokens.", key.algorithm, key.id)),
            (Tone::Dim, "It stays published until its last tokens have expired.".to_owned()),
        ];
        if key.signing {
            let text = "It is the key that signs now. It signs until another key has been published for 15 minutes.";
            lines.push((Tone::Warn, text.to_owned()));
        }
        let title = format!("Retire this signing key of {}?", self.name);
        let call = BackendRequest::RetireSigningKey(self.id, SigningKeyId::new(key.id));
        Question::destructive_request(title, "retire", lines, call, "Retired the signing key".to_owned())
    }

    fn confirm_withdrawal(&self, key: &SigningKeyItem) -> Question {
        let mut lines = vec![
            (Tone::Plain, format!("{} key {} is removed from the JWKS at once.", key.algorithm, key.id)),
            (Tone::Warn, "Its tokens are refused. Do this only if the key was compromised.".to_owned()),
        ];
        if key.signing {
            let text =
                "Another key signs at once: verifiers with a cached JWKS refuse new tokens for up to 10 minutes.";
            lines.push((Tone::Warn, text.to_owned()));
        }
        let title = format!("Withdraw this signing key of {}?", self.name);
        let call = BackendRequest::WithdrawSigningKey(self.id, SigningKeyId::new(key.id));
        Question::destructive_request(title, "withdraw", lines, call, "Withdrew the signing key".to_owned())
    }

    fn users_call(&self, after: Option<String>) -> BackendRequest {
        BackendRequest::Users(self.id, query(&self.users, &self.user_filter, after))
    }

    fn transactions_call(&self, after: Option<String>) -> BackendRequest {
        BackendRequest::Transactions(self.id, query(&self.transactions, &self.transaction_filter, after))
    }

    pub(super) fn load_tab(&mut self, cx: &mut UpdateContext<'_>) {
        match self.tab {
            Tab::Configuration => {
                if !self.detail.is_pending() {
                    self.detail.load(BackendRequest::Tenant(self.id), cx);
                }
            }
            Tab::Activity => self.load_activity(cx),
            Tab::Trust => self.load_trust(cx),
            Tab::ApiKeys => self.api_keys.reload(BackendRequest::ApiKeys(self.id), cx),
            Tab::SigningKeys => self.signing_keys.reload(BackendRequest::SigningKeys(self.id), cx),
            Tab::Users => self.users.reload(self.users_call(None), cx),
            Tab::Transactions => self.transactions.reload(self.transactions_call(None), cx),
        }
    }

    /// Requests the rows of the tab again, so that they do not become outdated while the tab is visible. Does nothing
    /// while a request is pending, a row is marked, or the user types a filter.
    pub(super) fn refresh_tab(&mut self, cx: &mut UpdateContext<'_>) {
        let may_refresh = match self.tab {
            Tab::Activity => !self.activity.is_pending(),
            Tab::ApiKeys => self.api_keys.may_refresh(),
            Tab::SigningKeys => self.signing_keys.may_refresh(),
            Tab::Users => self.users.may_refresh() && !self.user_filter.active,
            Tab::Transactions => self.transactions.may_refresh() && !self.transaction_filter.active,
            // The server counts all credentials for the radar, so this tab is reloaded only on the user's command.
            Tab::Trust | Tab::Configuration => false,
        };
        if may_refresh {
            self.load_tab(cx);
        }
    }

    /// Requests the next page if the selection is near the last loaded row.
    pub(super) fn load_more(&mut self, cx: &mut UpdateContext<'_>) {
        match self.tab {
            Tab::Users => {
                if let Some(cursor) = self.users.wanted_page() {
                    self.users.append(self.users_call(Some(cursor)), cx);
                }
            }
            Tab::Transactions => {
                if let Some(cursor) = self.transactions.wanted_page() {
                    self.transactions.append(self.transactions_call(Some(cursor)), cx);
                }
            }
            _ => {}
        }
    }

    pub(super) fn apply_filter(&mut self, cx: &mut UpdateContext<'_>) {
        match self.tab {
            Tab::Users => self.users.replace(self.users_call(None), cx),
            Tab::Transactions => self.transactions.replace(self.transactions_call(None), cx),
            _ => {}
        }
    }

    /// Handles the response to a request of a list. Returns other responses.
    pub(super) fn handle_rows(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let api_keys = pick!(BackendResponse::ApiKeys(rows) => LoadedPage::complete(rows));
        let signing_keys = pick!(BackendResponse::SigningKeys(rows) => LoadedPage::complete(rows));
        let users = pick!(BackendResponse::Users(page) => LoadedPage::new(page.items, page.next, Some(page.total)));
        let transactions = pick!(BackendResponse::Transactions(page) => LoadedPage::new(page.items, page.next, None));
        let other = self.api_keys.handle_response(response, api_keys)?;
        let other = self.signing_keys.handle_response(other, signing_keys)?;
        let other = self.users.handle_response(other, users);
        if let Some(cursor) = self.users.rest_of_reload() {
            self.users.append(self.users_call(Some(cursor)), cx);
        }
        let other = self.transactions.handle_response(other?, transactions);
        if let Some(cursor) = self.transactions.rest_of_reload() {
            self.transactions.append(self.transactions_call(Some(cursor)), cx);
        }
        other
    }
}
