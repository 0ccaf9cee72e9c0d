//! Requests and commands of the tab that shows the activity.

use doorward_shared::admin::{RefusalCount, TenantActivity};

use super::Tenant;
use crate::{
    api::AuditQuery,
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{Route, UpdateContext, pick},
};

impl Tenant {
    /// Requests the activity. Also requests the keys, because the tab shows when they expire.
    pub(super) fn load_activity(&mut self, cx: &mut UpdateContext<'_>) {
        self.activity.load(BackendRequest::TenantActivity(self.id), cx);
        self.api_keys.reload(BackendRequest::ApiKeys(self.id), cx);
        self.signing_keys.reload(BackendRequest::SigningKeys(self.id), cx);
    }

    /// Handles the response to a request for the activity. Returns other responses.
    pub(super) fn handle_activity(&mut self, response: RequestResult) -> Option<RequestResult> {
        let old = self.activity.value.as_ref().map(|activity| activity.refusals.clone()).unwrap_or_default();
        let other = self.activity.handle_response(response, pick!(BackendResponse::TenantActivity(data) => *data));
        if let (Some(activity), None) = (&self.activity.value, &other) {
            self.refusals.follow(&old, &activity.refusals, |row| row.code.clone());
        }
        other
    }

    pub(super) fn selected_refusal<'a>(&self, activity: &'a TenantActivity) -> Option<&'a RefusalCount> {
        activity.refusals.get(self.refusals.row()?)
    }

    /// Opens the audit entries with the selected error code.
    pub(super) fn open_refusals(&self, cx: &mut UpdateContext<'_>) {
        if let Some(refusal) = self.activity.value.as_ref().and_then(|activity| self.selected_refusal(activity)) {
            let exact = vec![("error_code", refusal.code.clone())];
            let query = AuditQuery { tenant: Some(self.id), exact, ..AuditQuery::default() };
            cx.open(Route::audit(query, Some(self.name.clone())));
        }
    }
}
