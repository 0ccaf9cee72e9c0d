//! With a limited token, this screen replaces the first screen of each section that the token cannot use. It lists the
//! tenants that the token may use.

mod view;

use doorward_shared::{
    Timestamp,
    admin::{Me, TenantSort, TenantSummary},
    page::Order,
};

use crate::{
    api::TenantSummaryQuery,
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{
        Binding, Command, Key, LIST_KEYS, LoadedPage, Page, PagedList, Rights, Route, Section, Selection, Tone,
        UpdateContext, bind, pick,
    },
};

/// Interval between refreshes of the list, in milliseconds.
const REFRESH_MS: i64 = 5_000;
/// Maximum number of tenants of a limited token.
const MAX_TENANTS: u32 = 100;

#[derive(Debug)]
pub(super) struct OwnTenants {
    section: Section,
    /// The token of this app.
    me: Me,
    list: PagedList<TenantSummary>,
    requested_at: Option<Timestamp>,
}

impl OwnTenants {
    pub(super) fn new(section: Section, me: Me) -> Self {
        Self { section, me, list: PagedList::default(), requested_at: None }
    }
}

impl Page for OwnTenants {
    fn title(&self) -> String {
        self.section.name().to_owned()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let mut bindings = Vec::new();
        if !self.list.rows.is_empty() {
            let (label, help) = match self.section {
                Section::Audit => ("audit", "open the tenant's audit log"),
                _ => ("open", "open the tenant"),
            };
            bindings.push(bind(&[Key::Enter], Command::Open, label, help));
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        let (Command::Open, Some(it)) = (command, self.list.selected()) else { return };
        let (id, name) = (it.tenant.id, it.tenant.display_name.clone());
        cx.open(match self.section {
            Section::Audit => Route::tenant_audit(id, &name),
            _ => Route::Tenant { id, name },
        });
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.requested_at = Some(cx.now);
        let query = TenantSummaryQuery {
            sort: Some(TenantSort::Activity),
            order: Some(Order::Descending),
            limit: Some(MAX_TENANTS),
            ..TenantSummaryQuery::default()
        };
        self.list.reload(BackendRequest::Tenants(query), cx);
    }

    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let tenants = pick!(BackendResponse::Tenants(page) => LoadedPage::new(page.items, page.next, Some(page.total)));
        self.list.handle_response(response, tenants)
    }

    fn is_busy(&self) -> bool {
        self.list.is_pending()
    }

    fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        let is_due = self.requested_at.is_none_or(|at| at.plus_millis(REFRESH_MS) <= cx.now);
        if is_due && self.list.may_refresh() {
            self.load(cx);
        }
    }

    fn status(&self) -> Option<(String, Tone)> {
        Some((self.list.count("tenant"), Tone::Dim))
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        Some(self.list.selection_and_len())
    }
}
