//! A tenant: its configuration, keys, users and transactions, each on a tab.

mod tabs;

use doorward_shared::{
    TenantId, Timestamp,
    admin::{SecretItem, SigningKeyItem, TenantOverview, TransactionSummary, UserSummary},
};

use super::{Page, Screen, audit::Audit, config::ConfigForm};
use crate::{
    api::{ApiError, AuditQuery},
    backend::{Answer, Call},
    field::Field,
    keymap::{Binding, Command, Key, MOVES, bind},
    list::{Cursor, Paged, Remote, Row},
    message::{Reply, Target},
    model::Cx,
    overlay::{Overlay, forms},
    search::{Search, WRITING},
    secret::Secret,
};

/// How often the counts are asked for.
const REFRESH_MS: i64 = 5_000;
/// Days the activity is shown of.
const DAYS: u32 = 14;

/// A tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// The configuration.
    #[default]
    Configuration,
    /// The API keys.
    ApiKeys,
    /// The signing keys.
    SigningKeys,
    /// The users.
    Users,
    /// The transactions.
    Transactions,
}

impl Tab {
    /// All, from left to right.
    pub const ALL: [Self; 5] = [Self::Configuration, Self::ApiKeys, Self::SigningKeys, Self::Users, Self::Transactions];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::ApiKeys => "API keys",
            Self::SigningKeys => "Signing keys",
            Self::Users => "Users",
            Self::Transactions => "Transactions",
        }
    }

    fn beside(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or(self)
    }
}

impl Row for SecretItem {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

impl Row for SigningKeyItem {
    fn key(&self) -> String {
        self.id.to_string()
    }
}

impl Row for UserSummary {
    fn key(&self) -> String {
        self.user.id.to_string()
    }
}

impl Row for TransactionSummary {
    fn key(&self) -> String {
        self.transaction.id.to_string()
    }
}

/// The screen.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// The tab in front.
    pub tab: Tab,
    /// Its counts and activity.
    pub overview: Remote<TenantOverview>,
    /// Its configuration, once it arrived.
    pub form: Option<ConfigForm>,
    /// Its API keys.
    pub api_keys: Paged<SecretItem>,
    /// Its signing keys.
    pub signing_keys: Paged<SigningKeyItem>,
    /// Its users.
    pub users: Paged<UserSummary>,
    /// The filter of the users.
    pub user_search: Search,
    /// Its transactions.
    pub transactions: Paged<TransactionSummary>,
    /// The filter of the transactions.
    pub transaction_search: Search,
    /// Whether the whole of a transaction is shown where there is no room beside the list.
    pub details: bool,
    detail: Remote<()>,
    asked_at: Option<Timestamp>,
}

impl Tenant {
    /// A tenant by id; the name is what was known where it was opened.
    #[must_use]
    pub fn new(id: TenantId, name: String) -> Self {
        Self {
            id,
            name,
            tab: Tab::default(),
            overview: Remote::default(),
            form: None,
            api_keys: Paged::default(),
            signing_keys: Paged::default(),
            users: Paged::default(),
            user_search: Search::default(),
            transactions: Paged::default(),
            transaction_search: Search::default(),
            details: false,
            detail: Remote::default(),
            asked_at: None,
        }
    }

    /// Why the tab in front shows nothing, or nothing new.
    #[must_use]
    pub fn error(&self) -> Option<&ApiError> {
        let tab = match self.tab {
            Tab::Configuration => self.detail.error.as_ref(),
            Tab::ApiKeys => self.api_keys.error.as_ref(),
            Tab::SigningKeys => self.signing_keys.error.as_ref(),
            Tab::Users => self.users.error.as_ref(),
            Tab::Transactions => self.transactions.error.as_ref(),
        };
        tab.or(self.overview.error.as_ref())
    }

    /// The filter of the tab in front.
    #[must_use]
    pub const fn search(&self) -> Option<&Search> {
        match self.tab {
            Tab::Users => Some(&self.user_search),
            Tab::Transactions => Some(&self.transaction_search),
            _ => None,
        }
    }

    const fn search_mut(&mut self) -> Option<&mut Search> {
        match self.tab {
            Tab::Users => Some(&mut self.user_search),
            Tab::Transactions => Some(&mut self.transaction_search),
            _ => None,
        }
    }

    /// Whether rows of the tab in front are on their way.
    const fn awaits_rows(&self) -> bool {
        match self.tab {
            Tab::Users => self.users.is_pending(),
            Tab::Transactions => self.transactions.is_pending(),
            _ => false,
        }
    }

    fn is_searching(&self) -> bool {
        self.search().is_some_and(|search| search.active)
    }

    fn is_writing(&self) -> bool {
        self.tab == Tab::Configuration && self.form.as_ref().is_some_and(|form| form.editing)
    }

    fn turn(&mut self, tab: Tab, cx: &mut Cx<'_>) {
        self.tab = tab;
        self.load_tab(cx);
    }

    fn load_overview(&mut self, cx: &mut Cx<'_>) {
        self.asked_at = Some(cx.now);
        self.overview.load(Call::TenantOverview(self.id, DAYS), cx);
    }

    fn take_detail(&mut self, reply: Reply) -> Option<Reply> {
        let mut arrived = None;
        let reply = self.detail.settle(reply, |answer| match answer {
            Answer::Tenant(detail) => {
                arrived = Some(detail);
                Some(())
            }
            _ => None,
        });
        if let Some(detail) = arrived {
            self.name = detail.display_name;
            match &mut self.form {
                Some(form) => form.refresh(detail.config),
                None => self.form = Some(ConfigForm::new(detail.config)),
            }
        }
        reply
    }
}

impl Page for Tenant {
    fn title(&self) -> String {
        self.name.clone()
    }

    fn commands(&self, may_change: bool) -> Vec<Binding> {
        if self.is_writing() {
            return vec![
                bind(&[Key::Enter, Key::Tab], Command::Submit, "keep", "keep what is written"),
                bind(&[Key::Esc], Command::Leave, "undo", "drop what is written"),
            ];
        }
        if self.is_searching() {
            return WRITING.to_vec();
        }
        let mut bindings = self.tab_commands(may_change);
        bindings.extend([
            bind(&[Key::Tab, Key::Char('l'), Key::Right], Command::NextTab, "next tab", "next tab"),
            bind(&[Key::BackTab, Key::Char('h'), Key::Left], Command::PreviousTab, "", "tab before"),
            bind(&[Key::Char('a')], Command::AuditLog, "audit", "the tenant's audit log"),
            bind(&[Key::Char('y')], Command::Copy, "", "copy the tenant's id"),
        ]);
        if may_change {
            bindings.push(bind(&[Key::Char('R')], Command::Rename, "", "rename the tenant"));
            bindings.push(bind(&[Key::Char('D')], Command::DeleteWhole, "", "delete the tenant"));
        }
        bindings.extend(MOVES);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::NextTab => self.turn(self.tab.beside(1), cx),
            Command::PreviousTab => self.turn(self.tab.beside(Tab::ALL.len() - 1), cx),
            Command::AuditLog => {
                let query = AuditQuery { tenant: Some(self.id), ..AuditQuery::default() };
                cx.open(Screen::Audit(Box::new(Audit::of(query, Some(self.name.clone())))));
            }
            Command::Copy => cx.copy(Secret::new(self.id.to_string())),
            Command::Rename => cx.dialog(Overlay::Form(Box::new(forms::rename_tenant(self.id, &self.name)))),
            Command::DeleteWhole => {
                let users = self.overview.value.as_ref().map(|overview| overview.summary.users);
                let question = super::tenants::confirm_deletion(self.id, &self.name, users, true);
                cx.dialog(Overlay::Confirm(Box::new(question)));
            }
            _ => self.perform_on_tab(command, cx),
        }
    }

    fn load(&mut self, cx: &mut Cx<'_>) {
        self.load_overview(cx);
        // The name may have changed, whichever tab is in front.
        self.detail.load(Call::Tenant(self.id), cx);
        self.load_tab(cx);
    }

    fn settle(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<Reply> {
        let reply = self.overview.settle(reply, |answer| match answer {
            Answer::TenantOverview(overview) => Some(*overview),
            _ => None,
        })?;
        let reply = self.take_detail(reply)?;
        let reply = match &mut self.form {
            Some(form) => form.settle(reply)?,
            None => reply,
        };
        let reply = self.settle_tabs(reply);
        if !self.awaits_rows() && self.search_mut().is_some_and(Search::is_waiting) {
            self.restart_search(cx);
        }
        reply
    }

    fn is_busy(&self) -> bool {
        self.detail.is_pending()
            || self.api_keys.is_pending()
            || self.signing_keys.is_pending()
            || self.users.is_pending()
            || self.transactions.is_pending()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let due = self.asked_at.is_none_or(|at| at.plus_millis(REFRESH_MS) <= cx.now);
        if due && !self.overview.is_pending() {
            self.load_overview(cx);
        }
        if let Some(form) = &mut self.form {
            form.tick(cx);
        }
        if self.search_mut().is_some_and(|search| search.is_due(cx.now)) {
            self.restart_search(cx);
        }
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        if self.is_writing() {
            // The row that is written stays where it is, whatever the mouse does.
            return None;
        }
        Some(match self.tab {
            Tab::Configuration => {
                let form = self.form.as_mut()?;
                (&mut form.cursor, form.lines.len())
            }
            Tab::ApiKeys => (&mut self.api_keys.cursor, self.api_keys.rows.len()),
            Tab::SigningKeys => (&mut self.signing_keys.cursor, self.signing_keys.rows.len()),
            Tab::Users => (&mut self.users.cursor, self.users.rows.len()),
            Tab::Transactions => (&mut self.transactions.cursor, self.transactions.rows.len()),
        })
    }

    fn moved(&mut self, cx: &mut Cx<'_>) {
        self.load_more(cx);
    }

    fn is_editing(&self) -> bool {
        self.is_writing() || self.is_searching()
    }

    fn field(&mut self) -> Option<&mut Field> {
        if self.is_writing() {
            return self.form.as_mut().and_then(ConfigForm::field);
        }
        self.search_mut().filter(|search| search.active).map(|search| &mut search.field)
    }

    fn edited(&mut self, cx: &mut Cx<'_>) {
        let (now, asked) = (cx.now, self.awaits_rows());
        match (&mut self.form, self.tab) {
            (Some(form), Tab::Configuration) => form.changed(cx),
            _ => {
                if self.search_mut().is_some_and(|search| search.edited(now, asked)) {
                    self.restart_search(cx);
                }
            }
        }
    }

    fn click(&mut self, target: Target, cx: &mut Cx<'_>) {
        if let Target::Tab(at) = target
            && let Some(&tab) = Tab::ALL.get(at)
            && !self.is_writing()
        {
            self.turn(tab, cx);
        }
    }

    fn unsaved(&self) -> Option<String> {
        let changed = self.form.as_ref().is_some_and(ConfigForm::is_changed);
        changed.then(|| format!("the configuration of {}", self.name))
    }
}
