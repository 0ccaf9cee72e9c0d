//! A tenant: its activity, keys, users, transactions and configuration, each on a tab.

mod activity;
mod activity_view;
mod configuration;
mod sorting;
mod tab;
mod tabs;
mod trust;
mod trust_view;
mod view;

use doorward_shared::{
    TenantId, Timestamp,
    admin::{
        CryptoRadar, MetadataStatus, SecretItem, SigningKeyItem, TenantActivity, TenantOverview, TransactionSummary,
        TrustPreview, UserSummary,
    },
    config::TenantConfig,
};

pub use self::tab::Tab;
use super::{config::ConfigForm, disabling, table_sort::TableSort, tenants};
use crate::{
    api::VersionedTenant,
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{
        Binding, ClickTarget, Command, Dialog, FILTER_KEYS, FilterInput, FormKind, Key, LIST_KEYS, Navigation, Page,
        PagedList, Remote, Rights, Route, Selection, Side, TextInput, Tone, UpdateContext, bind, pick,
    },
};

/// Interval between refreshes of the counts and of the current tab, in milliseconds.
const REFRESH_MS: i64 = 5_000;
const ACTIVITY_DAYS: u32 = 14;

#[derive(Debug, Clone)]
pub struct Tenant {
    id: TenantId,
    name: String,
    pub tab: Tab,
    overview: Remote<TenantOverview>,
    activity: Remote<TenantActivity>,
    /// The selected refusal on the tab of the activity.
    refusals: Selection,
    radar: Remote<CryptoRadar>,
    metadata: Remote<MetadataStatus>,
    /// The users who would lose credentials under the trust policies of `previewed`.
    preview: Remote<TrustPreview>,
    /// The edited configuration whose preview is pending. When the preview has arrived, the app asks whether to save
    /// this configuration.
    previewed: Option<TenantConfig>,
    /// The configuration, once it has arrived.
    form: Option<ConfigForm>,
    api_keys: PagedList<SecretItem>,
    signing_keys: PagedList<SigningKeyItem>,
    users: PagedList<UserSummary>,
    user_filter: FilterInput,
    transactions: PagedList<TransactionSummary>,
    transaction_filter: FilterInput,
    /// `true` if the selected transaction is shown in full below the list on narrow terminals.
    show_details: bool,
    /// Name and configuration from the server, until the screen copies them to `name` and `form`.
    detail: Remote<VersionedTenant>,
    /// `true` if the user must compare the configuration that arrives next with the unsaved changes.
    compares: bool,
    requested_at: Option<Timestamp>,
    /// Order of the rows on the tabs that the user sorted.
    sorts: Vec<(Tab, TableSort)>,
}

impl Tenant {
    /// Creates the screen of a tenant. It shows `name` until the current name arrives.
    pub fn new(id: TenantId, name: String) -> Self {
        Self::at(id, name, Tab::default())
    }

    /// Creates the screen of a tenant with the given tab selected.
    pub fn at(id: TenantId, name: String, tab: Tab) -> Self {
        Self {
            id,
            name,
            tab,
            overview: Remote::default(),
            activity: Remote::default(),
            refusals: Selection::default(),
            radar: Remote::default(),
            metadata: Remote::default(),
            preview: Remote::default(),
            previewed: None,
            form: None,
            api_keys: PagedList::default(),
            signing_keys: PagedList::default(),
            users: PagedList::default(),
            user_filter: FilterInput::default(),
            transactions: PagedList::default(),
            transaction_filter: FilterInput::default(),
            show_details: false,
            detail: Remote::default(),
            compares: false,
            requested_at: None,
            sorts: Vec::new(),
        }
    }

    /// Returns the filter of the tab, and whether a request for its rows is pending.
    const fn filter_mut(&mut self) -> Option<(&mut FilterInput, bool)> {
        match self.tab {
            Tab::Users => Some((&mut self.user_filter, self.users.is_pending())),
            Tab::Transactions => Some((&mut self.transaction_filter, self.transactions.is_pending())),
            _ => None,
        }
    }

    const fn edits_filter(&self) -> bool {
        match self.tab {
            Tab::Users => self.user_filter.active,
            Tab::Transactions => self.transaction_filter.active,
            _ => false,
        }
    }

    fn edits_configuration(&self) -> bool {
        self.tab == Tab::Configuration && self.form.as_ref().is_some_and(ConfigForm::is_editing)
    }

    fn show_tab(&mut self, tab: Tab, cx: &mut UpdateContext<'_>) {
        self.tab = tab;
        self.load_tab(cx);
    }

    fn load_overview(&mut self, cx: &mut UpdateContext<'_>) {
        self.requested_at = Some(cx.now);
        self.overview.load(BackendRequest::TenantOverview(self.id, ACTIVITY_DAYS), cx);
    }

    fn handle_detail(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let other = self.detail.handle_response(response, pick!(BackendResponse::Tenant(detail) => *detail));
        if let Some(VersionedTenant { tenant: detail, version }) = self.detail.value.take() {
            self.name = detail.display_name;
            let compares = std::mem::take(&mut self.compares);
            match &mut self.form {
                Some(form) if compares => {
                    form.refresh_to_compare(detail.config, version);
                    // The command has no effect if the user opened a dialog or another screen in the meantime.
                    cx.navigate(Navigation::Run(Command::Compare));
                }
                Some(form) => form.refresh(detail.config, version),
                None => self.form = Some(ConfigForm::new(detail.config, version)),
            }
        }
        other
    }
}

impl Page for Tenant {
    fn title(&self) -> String {
        self.name.clone()
    }

    fn bindings(&self, rights: Rights) -> Vec<Binding> {
        if self.edits_configuration() {
            return vec![
                bind(&[Key::Enter, Key::Tab], Command::Submit, "keep", "keep the new value"),
                bind(&[Key::Esc], Command::Leave, "undo", "restore the previous value"),
            ];
        }
        if self.edits_filter() {
            return FILTER_KEYS.to_vec();
        }
        let mut bindings = self.tab_bindings(rights.changes);
        bindings.extend([
            bind(&[Key::Tab, Key::Char('l'), Key::Right], Command::NextTab, "next tab", "next tab"),
            bind(&[Key::BackTab, Key::Char('h'), Key::Left], Command::PreviousTab, "", "previous tab"),
            bind(&[Key::Char('a')], Command::AuditLog, "audit", "open the tenant's audit log"),
            bind(&[Key::Char('c')], Command::Doctor, "", "check the tenant's configuration, keys and refusals"),
            bind(&[Key::Char('y')], Command::Copy, "", "copy the tenant's id"),
        ]);
        if rights.changes {
            bindings.push(bind(&[Key::Char('R')], Command::Rename, "", "rename the tenant"));
            bindings.push(bind(&[Key::Char('D')], Command::DeleteParent, "", "delete the tenant"));
            if let Some(overview) = &self.overview.value {
                let is_disabled = overview.summary.tenant.disabled_at.is_some();
                let keys = &[Key::Char('X')];
                let toggle = disabling::binding(keys, Command::ToggleParentDisabled, is_disabled, "disable the tenant");
                bindings.push(disabling::unlabelled(Binding { label: "enable tenant", ..toggle }, is_disabled));
            }
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::NextTab => self.show_tab(self.tab.shifted(1), cx),
            Command::PreviousTab => self.show_tab(self.tab.shifted(Tab::ALL.len() - 1), cx),
            Command::AuditLog => cx.open(Route::tenant_audit(self.id, &self.name)),
            Command::Copy => cx.copy(self.id.to_string()),
            Command::Doctor => {
                let request = cx.send(BackendRequest::TenantReport(self.id, cx.wall));
                cx.show(Dialog::Doctor { tenant_name: self.name.clone(), request });
            }
            Command::Rename => cx.show(Dialog::Form(FormKind::RenameTenant(self.id, self.name.clone()))),
            Command::DeleteParent => {
                let users = self.overview.value.as_ref().map(|overview| overview.summary.users);
                let question = tenants::confirm_deletion(self.id, &self.name, users);
                cx.show(Dialog::Confirm(question.leaving_screen(true)));
            }
            Command::ToggleParentDisabled => {
                if let Some(overview) = &self.overview.value {
                    cx.show(Dialog::Confirm(tenants::confirm_disabling(&overview.summary)));
                }
            }
            _ => self.perform_on_tab(command, cx),
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.load_overview(cx);
        // Every tab requests the tenant, because its name may have changed.
        self.detail.load(BackendRequest::Tenant(self.id), cx);
        self.load_tab(cx);
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let other =
            self.overview.handle_response(response, pick!(BackendResponse::TenantOverview(overview) => *overview))?;
        let other = self.handle_activity(other)?;
        let other = self.handle_trust(other, cx)?;
        let other = self.handle_detail(other, cx)?;
        let other = match &mut self.form {
            Some(form) => form.handle_response(other)?,
            None => other,
        };
        let offsets = self.offsets();
        let other = self.handle_rows(other, cx);
        self.sort_rows(offsets);
        if self.filter_mut().is_some_and(|(filter, is_pending)| !is_pending && filter.take_waiting()) {
            self.apply_filter(cx);
        }
        other
    }

    fn is_busy(&self) -> bool {
        self.detail.is_pending()
            || self.activity.is_pending()
            || self.radar.is_pending()
            || self.preview.is_pending()
            || self.api_keys.is_pending()
            || self.signing_keys.is_pending()
            || self.users.is_pending()
            || self.transactions.is_pending()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        let due = self.requested_at.is_none_or(|at| at.plus_millis(REFRESH_MS) <= cx.now);
        if due && !self.overview.is_pending() {
            self.load_overview(cx);
            self.refresh_tab(cx);
        }
        if let Some(form) = &mut self.form {
            form.tick(cx);
        }
        if self.filter_mut().is_some_and(|(filter, _)| filter.take_due(cx.now)) {
            self.apply_filter(cx);
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        if self.edits_configuration() {
            // The mouse must not move the selection away from the edited row.
            return None;
        }
        Some(match self.tab {
            Tab::Activity => (&mut self.refusals, self.activity.value.as_ref()?.refusals.len()),
            Tab::Configuration => self.form.as_mut()?.selection_and_len(),
            Tab::ApiKeys => self.api_keys.selection_and_len(),
            Tab::SigningKeys => self.signing_keys.selection_and_len(),
            Tab::Users => self.users.selection_and_len(),
            Tab::Transactions => self.transactions.selection_and_len(),
            Tab::Trust => return None,
        })
    }

    fn selection_moved(&mut self, cx: &mut UpdateContext<'_>) {
        self.load_more(cx);
    }

    fn is_editing(&self) -> bool {
        self.edits_configuration() || self.edits_filter()
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        if self.edits_configuration() {
            return self.form.as_mut().and_then(ConfigForm::text_input);
        }
        self.filter_mut().map(|(filter, _)| filter).filter(|filter| filter.active).map(|filter| &mut filter.input)
    }

    fn text_edited(&mut self, cx: &mut UpdateContext<'_>) {
        let now = cx.now;
        match (&mut self.form, self.tab) {
            (Some(form), Tab::Configuration) => form.schedule_check(cx),
            _ => {
                if self.filter_mut().is_some_and(|(filter, is_pending)| filter.edited(now, is_pending)) {
                    self.apply_filter(cx);
                }
            }
        }
    }

    fn click(&mut self, target: ClickTarget, cx: &mut UpdateContext<'_>) {
        match target {
            _ if self.edits_configuration() => {}
            ClickTarget::Tab(index) => {
                if let Some(&tab) = Tab::ALL.get(index) {
                    self.show_tab(tab, cx);
                }
            }
            ClickTarget::Column(column) => self.sort_by(column),
            ClickTarget::Choice { row, choice } => {
                if let Some(form) = &mut self.form {
                    form.choose(row, choice, cx);
                }
            }
            _ => {}
        }
    }

    fn status(&self) -> Option<(String, Tone)> {
        self.sort_note()
    }

    fn tenant(&self) -> Option<(TenantId, String)> {
        Some((self.id, self.name.clone()))
    }

    fn merge(&mut self, choices: &[(&'static str, Side)], cx: &mut UpdateContext<'_>) {
        self.merge_configuration(choices, cx);
    }

    fn unsaved_changes(&self) -> Option<String> {
        let changed = self.form.as_ref().is_some_and(ConfigForm::is_changed);
        changed.then(|| format!("Changes of the configuration of {} are not saved.", self.name))
    }
}
