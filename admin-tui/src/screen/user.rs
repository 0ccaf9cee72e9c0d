//! A user: who it is, its credentials, its latest transactions.

use doorward_shared::{
    TenantId,
    admin::UserDetail,
    public::{CredentialItem, TransactionItem},
};

use super::{Page, Screen, audit::Audit};
use crate::{
    api::AuditQuery,
    backend::{Answer, Call},
    keymap::{Binding, Command, Key, MOVES, bind},
    list::{Cursor, Remote},
    message::{Reply, Target},
    model::{Cx, Tone},
    overlay::{Confirm, Overlay, confirm::Act},
    secret::Secret,
};

/// Which of its lists has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The credentials.
    #[default]
    Credentials,
    /// The transactions.
    Transactions,
}

/// The screen.
#[derive(Debug, Clone)]
pub struct User {
    /// The tenant.
    pub tenant: TenantId,
    /// The tenant's name.
    pub tenant_name: String,
    /// The user: Doorward's id, or the tenant's own.
    pub id: String,
    /// The user's name for the path of screens.
    pub name: String,
    /// What the server said last.
    pub data: Remote<UserDetail>,
    /// Which list has the focus.
    pub focus: Focus,
    /// Selection among the credentials.
    pub credentials: Cursor,
    /// Selection among the transactions.
    pub transactions: Cursor,
}

/// The question before a user is deleted.
#[must_use]
pub fn confirm_deletion(tenant: TenantId, id: String, name: &str, credentials: usize, leave: bool) -> Confirm {
    let count = if credentials == 1 { "1 credential".to_owned() } else { format!("{credentials} credentials") };
    let lines = vec![
        (Tone::Plain, format!("{name} goes with {count} and all transactions.")),
        (Tone::Dim, "The entries in the audit log stay.".to_owned()),
    ];
    let act = Act::Call { call: Box::new(Call::DeleteUser(tenant, id)), done: format!("Deleted user {name}"), leave };
    Confirm::destroying(format!("Delete user {name}?"), "delete", lines, act)
}

impl User {
    /// A user of a tenant.
    #[must_use]
    pub fn new(tenant: TenantId, tenant_name: String, id: String, name: String) -> Self {
        Self {
            tenant,
            tenant_name,
            id,
            name,
            data: Remote::default(),
            focus: Focus::default(),
            credentials: Cursor::default(),
            transactions: Cursor::default(),
        }
    }

    /// The selected credential, while credentials have the focus.
    #[must_use]
    pub fn credential(&self) -> Option<&CredentialItem> {
        let data = self.data.value.as_ref().filter(|_| self.focus == Focus::Credentials)?;
        data.credentials.get(self.credentials.selected)
    }

    /// The selected transaction, while transactions have the focus.
    #[must_use]
    pub fn transaction(&self) -> Option<&TransactionItem> {
        let data = self.data.value.as_ref().filter(|_| self.focus == Focus::Transactions)?;
        data.transactions.get(self.transactions.selected)
    }

    fn confirm_removal(&self, credential: &CredentialItem) -> Confirm {
        let id = credential.id.to_string();
        let name = credential.name.clone().unwrap_or_else(|| id.clone());
        let mut lines =
            vec![(Tone::Plain, format!("{} can no longer sign in with {name}.", self.name)), (Tone::Dim, id.clone())];
        if self.data.value.as_ref().is_some_and(|data| data.credentials.len() == 1) {
            lines.push((Tone::Warn, "It is the last credential of this user.".to_owned()));
        }
        let call = Call::DeleteCredential(self.tenant, self.id.clone(), id);
        let act = Act::Call { call: Box::new(call), done: format!("Removed credential {name}"), leave: false };
        Confirm::destroying(format!("Remove credential {name}?"), "remove", lines, act)
    }

    fn other_list(&mut self) {
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

    fn commands(&self, may_change: bool) -> Vec<Binding> {
        let mut bindings = vec![bind(
            &[Key::Tab, Key::BackTab, Key::Char('h'), Key::Char('l')],
            Command::NextTab,
            "other list",
            "go to credentials or transactions",
        )];
        if may_change && self.credential().is_some() {
            bindings.push(bind(&[Key::Char('d'), Key::Delete], Command::Delete, "remove", "remove the credential"));
        }
        if may_change && self.data.value.is_some() {
            bindings.push(bind(&[Key::Char('D')], Command::DeleteWhole, "delete user", "delete the user"));
        }
        bindings.push(bind(&[Key::Char('y')], Command::Copy, "", "copy the user's id"));
        bindings.push(bind(&[Key::Char('a')], Command::AuditLog, "audit", "what the audit log says of this user"));
        bindings.extend(MOVES);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::NextTab => self.other_list(),
            Command::Delete => {
                if let Some(credential) = self.credential() {
                    cx.dialog(Overlay::Confirm(Box::new(self.confirm_removal(credential))));
                }
            }
            Command::DeleteWhole => {
                let credentials = self.data.value.as_ref().map_or(0, |data| data.credentials.len());
                let question = confirm_deletion(self.tenant, self.id.clone(), &self.name, credentials, true);
                cx.dialog(Overlay::Confirm(Box::new(question)));
            }
            Command::Copy => {
                let id = self.data.value.as_ref().map_or(&self.id, |data| &data.user.user_id);
                cx.copy(Secret::new(id.clone()));
            }
            Command::AuditLog => {
                let user = self.data.value.as_ref().map_or(&self.id, |data| &data.user.user_id);
                let query =
                    AuditQuery { tenant: Some(self.tenant), actor: Some(user.clone()), ..AuditQuery::default() };
                cx.open(Screen::Audit(Box::new(Audit::of(query, Some(self.tenant_name.clone())))));
            }
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut Cx<'_>) {
        self.data.load(Call::User(self.tenant, self.id.clone()), cx);
    }

    fn settle(&mut self, reply: Reply, _cx: &mut Cx<'_>) -> Option<Reply> {
        let reply = self.data.settle(reply, |answer| match answer {
            Answer::User(data) => Some(*data),
            _ => None,
        });
        if let Some(data) = &self.data.value {
            self.credentials.select(self.credentials.selected, data.credentials.len());
            self.transactions.select(self.transactions.selected, data.transactions.len());
        }
        reply
    }

    fn is_busy(&self) -> bool {
        self.data.is_pending()
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        let data = self.data.value.as_ref()?;
        Some(match self.focus {
            Focus::Credentials => (&mut self.credentials, data.credentials.len()),
            Focus::Transactions => (&mut self.transactions, data.transactions.len()),
        })
    }

    fn click(&mut self, target: Target, _cx: &mut Cx<'_>) {
        if let Target::Other(_) = target {
            self.other_list();
        }
    }
}
