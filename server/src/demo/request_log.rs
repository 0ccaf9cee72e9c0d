//! Record of the requests to Doorward, which the page shows.

use serde::Serialize;

/// A request to Doorward, as the page shows it beside the action that caused it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RecordedRequest {
    pub(super) method: String,
    pub(super) path: String,
    /// Absent if there was no response.
    pub(super) status: Option<u16>,
    pub(super) ms: u64,
    /// `X-Request-Id` of the response: the audit entry has the same id.
    pub(super) request_id: Option<String>,
}

/// Requests to Doorward made for one request of the page, in order.
#[derive(Debug, Default)]
pub(super) struct RequestLog(Vec<RecordedRequest>);

impl RequestLog {
    pub(super) fn push(&mut self, request: RecordedRequest) {
        self.0.push(request);
    }

    pub(super) fn into_requests(self) -> Vec<RecordedRequest> {
        self.0
    }
}
