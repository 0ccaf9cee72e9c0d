//! What each tab can do and asks for.

use doorward_shared::{
    ApiKeyId, SigningKeyId,
    admin::{SecretItem, SigningKeyItem},
};

use super::{Tab, Tenant};
use crate::{
    api::UserQuery,
    backend::{Answer, Call},
    keymap::{Binding, Command, Key, bind},
    list::Loaded,
    message::Reply,
    model::{Cx, Tone},
    overlay::{Confirm, Overlay, confirm::Act, forms},
    screen::{
        Screen,
        config::ConfigForm,
        user::{self, User},
    },
};

impl Tenant {
    pub(super) fn tab_commands(&self, may_change: bool) -> Vec<Binding> {
        let filter = bind(&[Key::Char('/')], Command::Filter, "filter", "filter as you type");
        let clear = bind(&[Key::Esc], Command::Leave, "clear filter", "drop the filter");
        let mut bindings = Vec::new();
        match self.tab {
            Tab::Configuration => {
                let changed = self.form.as_ref().is_some_and(ConfigForm::is_changed);
                if may_change && self.form.is_some() {
                    bindings.push(bind(
                        &[Key::Enter, Key::Char(' ')],
                        Command::Open,
                        "edit",
                        "write the value, or take the next choice",
                    ));
                }
                if may_change && changed {
                    bindings.push(bind(
                        &[Key::Char('w'), Key::Ctrl('s')],
                        Command::Save,
                        "save",
                        "look at the changes and save them",
                    ));
                    bindings.push(bind(&[Key::Char('U')], Command::Revert, "revert", "back to what the server has"));
                }
            }
            Tab::ApiKeys if may_change => {
                bindings.push(bind(&[Key::Char('n')], Command::New, "new", "create an API key"));
                if !self.api_keys.rows.is_empty() {
                    bindings.push(bind(
                        &[Key::Char('d'), Key::Delete],
                        Command::Delete,
                        "revoke",
                        "revoke the API key",
                    ));
                }
            }
            Tab::SigningKeys if may_change => {
                bindings.push(bind(&[Key::Char('n')], Command::New, "rotate", "create a signing key that takes over"));
                if self.signing_keys.rows.iter().any(|key| key.retired_at.is_none()) {
                    bindings.push(bind(
                        &[Key::Char('d'), Key::Delete],
                        Command::Delete,
                        "retire",
                        "retire the signing key",
                    ));
                }
            }
            Tab::ApiKeys | Tab::SigningKeys => {}
            Tab::Users => {
                bindings.push(bind(&[Key::Enter], Command::Open, "open", "open the user"));
                if may_change && !self.users.rows.is_empty() {
                    bindings.push(bind(&[Key::Char('d'), Key::Delete], Command::Delete, "delete", "delete the user"));
                }
                bindings.push(filter);
                if self.user_search.text().is_some() {
                    bindings.push(clear);
                }
            }
            Tab::Transactions => {
                bindings.push(bind(
                    &[Key::Enter],
                    Command::Details,
                    "details",
                    "show the whole transaction, or hide it",
                ));
                bindings.push(bind(&[Key::Char('u')], Command::GoUser, "user", "go to the transaction's user"));
                bindings.push(filter);
                if self.transaction_search.text().is_some() {
                    bindings.push(clear);
                }
            }
        }
        bindings
    }

    pub(super) fn perform_on_tab(&mut self, command: Command, cx: &mut Cx<'_>) {
        match (self.tab, command) {
            (Tab::Configuration, _) => self.configure(command, cx),
            (Tab::ApiKeys, Command::New) => {
                cx.dialog(Overlay::Form(Box::new(forms::create_api_key(self.id, &self.name))));
            }
            (Tab::ApiKeys, Command::Delete) => {
                if let Some(key) = self.api_keys.selected() {
                    cx.dialog(Overlay::Confirm(Box::new(self.confirm_revocation(key))));
                }
            }
            (Tab::SigningKeys, Command::New) => {
                cx.dialog(Overlay::Form(Box::new(forms::rotate_signing_key(self.id, &self.name))));
            }
            (Tab::SigningKeys, Command::Delete) => match self.signing_keys.selected() {
                Some(key) if key.retired_at.is_some() => cx.toast(Tone::Warn, "This key is retired already"),
                Some(key) => cx.dialog(Overlay::Confirm(Box::new(self.confirm_retirement(key)))),
                None => {}
            },
            (Tab::Users, Command::Open) => {
                if let Some(it) = self.users.selected() {
                    let (id, name) = (it.user.id.to_string(), it.user.name.clone());
                    cx.open(Screen::User(Box::new(User::new(self.id, self.name.clone(), id, name))));
                }
            }
            (Tab::Users, Command::Delete) => {
                if let Some(it) = self.users.selected() {
                    let credentials = usize::try_from(it.credentials).unwrap_or(usize::MAX);
                    let id = it.user.id.to_string();
                    let question = user::confirm_deletion(self.id, id, &it.user.name, credentials, false);
                    cx.dialog(Overlay::Confirm(Box::new(question)));
                }
            }
            (Tab::Transactions, Command::Details) => self.details = !self.details,
            (Tab::Transactions, Command::GoUser) => {
                if let Some(it) = self.transactions.selected() {
                    let user = User::new(self.id, self.name.clone(), it.user_id.clone(), it.user_id.clone());
                    cx.open(Screen::User(Box::new(user)));
                }
            }
            (_, Command::Filter | Command::Submit | Command::Leave) => {
                let must_ask = self.search_mut().is_some_and(|search| search.perform(command));
                if must_ask {
                    self.restart_search(cx);
                }
            }
            _ => {}
        }
    }

    fn configure(&mut self, command: Command, cx: &mut Cx<'_>) {
        let (id, name) = (self.id, self.name.clone());
        let Some(form) = &mut self.form else { return };
        match command {
            Command::Open => form.edit(cx),
            Command::Submit => form.stop(true, cx),
            Command::Leave => form.stop(false, cx),
            Command::Revert => {
                form.revert();
                cx.toast(Tone::Plain, "Back to what the server has");
            }
            Command::Save => match (form.compose(), form.problems().first()) {
                (Err(problem), _) => cx.toast(Tone::Bad, problem.message),
                (Ok(_), Some(problem)) => cx.toast(Tone::Bad, format!("{}: {}", problem.field, problem.message)),
                (Ok(config), None) => {
                    let lines = form.diff(&config);
                    let act = Act::Call {
                        call: Box::new(Call::Configure(id, Box::new(config))),
                        done: format!("Saved the configuration of {name}"),
                        leave: false,
                    };
                    let question = Confirm::changing(format!("Save the configuration of {name}?"), "save", lines, act);
                    cx.dialog(Overlay::Confirm(Box::new(question)));
                }
            },
            _ => {}
        }
    }

    fn confirm_revocation(&self, key: &SecretItem) -> Confirm {
        let lines = vec![
            (Tone::Plain, format!("{} ({}) is refused from the next request on.", key.name, key.hint)),
            (Tone::Dim, format!("Whoever uses it can no longer call the API of {}.", self.name)),
        ];
        let call = Box::new(Call::RevokeApiKey(self.id, ApiKeyId::new(key.id)));
        let act = Act::Call { call, done: format!("Revoked API key {}", key.name), leave: false };
        Confirm::destroying(format!("Revoke API key {}?", key.name), "revoke", lines, act)
    }

    fn confirm_retirement(&self, key: &SigningKeyItem) -> Confirm {
        let mut lines = vec![
            (Tone::Plain, format!("{} key {} signs no more.", key.algorithm, key.id)),
            (Tone::Dim, "It stays published until its last tokens have expired.".to_owned()),
        ];
        if key.signing {
            lines.push((Tone::Warn, "It is the one that signs now.".to_owned()));
        }
        let call = Box::new(Call::RetireSigningKey(self.id, SigningKeyId::new(key.id)));
        let act = Act::Call { call, done: "Retired the signing key".to_owned(), leave: false };
        Confirm::destroying(format!("Retire this signing key of {}?", self.name), "retire", lines, act)
    }

    fn users_call(&self, after: Option<String>) -> Call {
        let limit = Some(if after.is_some() { 100 } else { self.users.page_size() });
        Call::Users(self.id, UserQuery { text: self.user_search.text(), user_id: None, after, limit })
    }

    fn transactions_call(&self, after: Option<String>) -> Call {
        let limit = Some(if after.is_some() { 100 } else { self.transactions.page_size() });
        Call::Transactions(self.id, UserQuery { text: self.transaction_search.text(), user_id: None, after, limit })
    }

    pub(super) fn load_tab(&mut self, cx: &mut Cx<'_>) {
        match self.tab {
            Tab::Configuration => {
                if !self.detail.is_pending() {
                    self.detail.load(Call::Tenant(self.id), cx);
                }
            }
            Tab::ApiKeys => self.api_keys.load(Call::ApiKeys(self.id), cx),
            Tab::SigningKeys => self.signing_keys.load(Call::SigningKeys(self.id), cx),
            Tab::Users => self.users.load(self.users_call(None), cx),
            Tab::Transactions => self.transactions.load(self.transactions_call(None), cx),
        }
    }

    pub(super) fn load_more(&mut self, cx: &mut Cx<'_>) {
        match self.tab {
            Tab::Users => {
                let mut users = std::mem::take(&mut self.users);
                users.load_more(cx, |next| self.users_call(Some(next)));
                self.users = users;
            }
            Tab::Transactions => {
                let mut transactions = std::mem::take(&mut self.transactions);
                transactions.load_more(cx, |next| self.transactions_call(Some(next)));
                self.transactions = transactions;
            }
            _ => {}
        }
    }

    pub(super) fn restart_search(&mut self, cx: &mut Cx<'_>) {
        match self.tab {
            Tab::Users => self.users.load_other(self.users_call(None), cx),
            Tab::Transactions => self.transactions.load_other(self.transactions_call(None), cx),
            _ => {}
        }
    }

    pub(super) fn settle_tabs(&mut self, reply: Reply) -> Option<Reply> {
        let reply = self.api_keys.settle(reply, |answer| match answer {
            Answer::ApiKeys(rows) => Some(Loaded::whole(rows)),
            _ => None,
        })?;
        let reply = self.signing_keys.settle(reply, |answer| match answer {
            Answer::SigningKeys(rows) => Some(Loaded::whole(rows)),
            _ => None,
        })?;
        let reply = self.users.settle(reply, |answer| match answer {
            Answer::Users(page) => Some(Loaded { rows: page.items, next: page.next, total: Some(page.total) }),
            _ => None,
        })?;
        self.transactions.settle(reply, |answer| match answer {
            Answer::Transactions(page) => Some(Loaded { rows: page.items, next: page.next, total: None }),
            _ => None,
        })
    }
}
