//! Requests and commands of the tab that shows the activity.

use super::Tenant;
use crate::{
    api::AuditQuery,
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{Route, UpdateContext, pick},
};

impl Tenant {
    /// Requests the activity, and the keys, because the tab shows when they expire.
    pub(super) fn load_activity(&mut self, cx: &mut UpdateContext<'_>) {
        self.activity.load(BackendRequest::TenantActivity(self.id), cx);
        self.api_keys.reload(BackendRequest::ApiKeys(self.id), cx);
        self.signing_keys.reload(BackendRequest::SigningKeys(self.id), cx);
    }

    /// Handles the response to a request for the activity. Returns other responses.
    pub(super) fn handle_activity(&mut self, response: RequestResult) -> Option<RequestResult> {
        let other = self.activity.handle_response(response, pick!(BackendResponse::TenantActivity(data) => *data));
        if let Some(activity) = &self.activity.value {
            self.refusals.select(self.refusals.selected, activity.refusals.len());
        }
        other
    }

    /// Opens the audit entries with the selected error code.
    pub(super) fn open_refusals(&self, cx: &mut UpdateContext<'_>) {
        let refusals = self.activity.value.as_ref().map_or(&[][..], |activity| &activity.refusals);
        if let Some(refusal) = refusals.get(self.refusals.selected) {
            let exact = vec![("error_code", refusal.code.clone())];
            let query = AuditQuery { tenant: Some(self.id), exact, ..AuditQuery::default() };
            cx.open(Route::audit(query, Some(self.name.clone())));
        }
    }
}
