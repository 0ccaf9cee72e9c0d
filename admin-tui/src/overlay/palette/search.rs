//! Search on the server for tenants, users, credentials and requests. After each pause in typing, sends at most one
//! request for each of these kinds, for one page of results.

use doorward_shared::{
    TenantId,
    admin::{TenantSummaryPage, UserSummaryPage},
};

use super::item::{Item, Target};
use crate::{
    api::{ApiError, AuditQuery, TenantSummaryQuery, UserQuery, UserRef},
    effect::RequestResult,
    request::{AuditPage, AuditPosition, BackendRequest, BackendResponse},
    time_format,
    ui::{Remote, Route, UpdateContext, pick},
};

/// Minimum number of characters of a search.
const MIN_CHARS: usize = 2;
/// Minimum number of characters of a text that may be the id of a request or credential.
const MIN_ID_CHARS: usize = 8;
/// Maximum number of rows of each kind.
const ROWS: usize = 5;

#[derive(Debug)]
pub(super) struct Search {
    /// The tenant whose users are searched. Without a tenant, users are found by their exact id in the audit logs.
    tenant: Option<(TenantId, String)>,
    /// The tenant whose log is searched for credentials and requests; `None` for all logs.
    log: Option<TenantId>,
    /// The text of the last search.
    text: String,
    tenants: Remote<TenantSummaryPage>,
    users: Remote<UserSummaryPage>,
    actor: Remote<AuditPage>,
    credential: Remote<AuditPage>,
    request: Remote<AuditPage>,
}

fn is_id(text: &str) -> bool {
    text.chars().count() >= MIN_ID_CHARS && text.chars().all(|letter| letter.is_ascii_graphic())
}

/// Returns a query for the entries whose field `name` is exactly `text`, in the log of a tenant or in all logs.
fn exact(name: &'static str, text: &str, tenant: Option<TenantId>) -> AuditQuery {
    AuditQuery { exact: vec![(name, text.to_owned())], tenant, ..AuditQuery::default() }
}

fn entries(name: &'static str, text: &str, tenant: Option<TenantId>) -> BackendRequest {
    BackendRequest::Audit(exact(name, text, tenant), AuditPosition::Newest)
}

impl Search {
    pub(super) fn new(tenant: Option<(TenantId, String)>) -> Self {
        Self {
            tenant,
            log: None,
            text: String::new(),
            tenants: Remote::default(),
            users: Remote::default(),
            actor: Remote::default(),
            credential: Remote::default(),
            request: Remote::default(),
        }
    }

    pub(super) fn start(&mut self, text: &str, cx: &mut UpdateContext<'_>) {
        let text = text.trim();
        if text.chars().count() < MIN_CHARS || text == self.text {
            return;
        }
        text.clone_into(&mut self.text);
        let limit = u32::try_from(ROWS).ok();
        let query = TenantSummaryQuery { text: Some(text.to_owned()), limit, ..TenantSummaryQuery::default() };
        self.tenants.load(BackendRequest::Tenants(query), cx);
        match &self.tenant {
            Some((tenant, _)) => {
                let query = UserQuery { text: Some(text.to_owned()), limit, ..UserQuery::default() };
                self.users.load(BackendRequest::Users(*tenant, query), cx);
            }
            None if cx.rights.all_tenants => self.actor.load(entries("actor", text, None), cx),
            None => {}
        }
        (self.credential.value, self.request.value) = (None, None);
        // A limited token cannot read all logs together, so its search covers only the log of the current tenant.
        self.log = self.tenant.as_ref().map(|(id, _)| *id).filter(|_| !cx.rights.all_tenants);
        if is_id(text) && (cx.rights.all_tenants || self.log.is_some()) {
            self.credential.load(entries("credential_id", text, self.log), cx);
            self.request.load(entries("request_id", text, self.log), cx);
        }
    }

    pub(super) const fn is_pending(&self) -> bool {
        self.tenants.is_pending()
            || self.users.is_pending()
            || self.actor.is_pending()
            || self.credential.is_pending()
            || self.request.is_pending()
    }

    pub(super) fn error(&self) -> Option<&ApiError> {
        let errors =
            [&self.tenants.error, &self.users.error, &self.actor.error, &self.credential.error, &self.request.error];
        errors.into_iter().find_map(Option::as_ref)
    }

    /// Handles the response to a request of the search. Returns other responses.
    pub(super) fn handle_response(&mut self, response: RequestResult) -> Option<RequestResult> {
        let other = self.tenants.handle_response(response, pick!(BackendResponse::Tenants(page) => page))?;
        let other = self.users.handle_response(other, pick!(BackendResponse::Users(page) => page))?;
        let other = self.actor.handle_response(other, pick!(BackendResponse::Audit(page) => page))?;
        let other = self.credential.handle_response(other, pick!(BackendResponse::Audit(page) => page))?;
        self.request.handle_response(other, pick!(BackendResponse::Audit(page) => page))
    }

    /// Returns the rows that match the text, which the user may have changed since the last search.
    pub(super) fn items(&self, text: &str) -> Vec<Item> {
        let text = text.trim();
        if text.chars().count() < MIN_CHARS {
            return Vec::new();
        }
        let mut items = self.tenant_items(&text.to_lowercase());
        items.extend(self.user_items(&text.to_lowercase()));
        if text == self.text {
            items.extend(owners("user", &self.actor, text));
            items.extend(owners("credential", &self.credential, text));
            items.extend(self.request_item(text));
        }
        items
    }

    fn tenant_items(&self, text: &str) -> Vec<Item> {
        let tenants = self.tenants.value.iter().flat_map(|page| &page.items);
        let matching = tenants.filter(|it| {
            let name = it.tenant.display_name.to_lowercase();
            name.contains(text) || it.rp_id.contains(text) || it.tenant.id.to_string().contains(text)
        });
        let item = |(id, name, rp_id): (TenantId, String, String)| Item {
            kind: "tenant".to_owned(),
            text: name.clone(),
            detail: rp_id,
            target: Target::Open(Route::Tenant { id, name }),
        };
        matching.take(ROWS).map(|it| item((it.tenant.id, it.tenant.display_name.clone(), it.rp_id.clone()))).collect()
    }

    fn user_items(&self, text: &str) -> Vec<Item> {
        let Some((tenant, tenant_name)) = &self.tenant else { return Vec::new() };
        let users = self.users.value.iter().flat_map(|page| &page.items).map(|it| &it.user);
        let matching = users.filter(|it| {
            [&it.user_id, &it.name, &it.display_name].iter().any(|name| name.to_lowercase().contains(text))
                || it.id.to_string().contains(text)
        });
        let item = |it: &doorward_shared::admin::UserItem| Item {
            kind: "user".to_owned(),
            text: it.name.clone(),
            detail: format!("{} in {tenant_name}", it.user_id),
            target: Target::Open(Route::User {
                tenant: *tenant,
                tenant_name: tenant_name.clone(),
                id: UserRef::by_id(it.id),
                name: it.name.clone(),
            }),
        };
        matching.take(ROWS).map(item).collect()
    }

    fn request_item(&self, text: &str) -> Option<Item> {
        let found = self.request.value.as_ref()?.entries.first()?;
        let query = exact("request_id", text, self.log);
        let tenant_name = self.tenant.as_ref().filter(|_| self.log.is_some()).map(|(_, name)| name.clone());
        let time = time_format::date_time(found.entry.created_at);
        Some(Item {
            kind: "request".to_owned(),
            text: text.to_owned(),
            detail: format!("{} {time}", found.entry.kind.as_str()),
            target: Target::Open(Route::audit(query, tenant_name)),
        })
    }
}

/// Returns a row for each user of a tenant who appears as the actor of a ceremony in the found audit entries.
fn owners(kind: &str, found: &Remote<AuditPage>, text: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for it in found.value.iter().flat_map(|page| &page.entries) {
        let is_ceremony = ["webauthn_", "mfa_"].iter().any(|prefix| it.entry.kind.as_str().starts_with(prefix));
        let (Some(user), Some(tenant_name)) = (it.entry.actor_user_id.as_ref(), &it.tenant_name) else { continue };
        if !is_ceremony {
            continue;
        }
        let (id, name) = (UserRef::by_user_id(user.clone()), user.clone());
        let route = Route::User { tenant: it.entry.tenant_id, tenant_name: tenant_name.clone(), id, name };
        let item = Item {
            kind: kind.to_owned(),
            text: text.to_owned(),
            detail: format!("{user} in {tenant_name}"),
            target: Target::Open(route),
        };
        if items.len() < ROWS && !items.contains(&item) {
            items.push(item);
        }
    }
    items
}
