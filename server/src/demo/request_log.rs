//! Record of the requests to Doorward. The page shows it.

use serde::Serialize;

/// A request that the demo has sent to Doorward. The demo's page shows it beside the user's action that caused it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RecordedRequest {
    pub(super) method: String,
    pub(super) path: String,
    /// Status of the response; absent if there was no response.
    pub(super) status: Option<u16>,
    pub(super) ms: u64,
    /// `X-Request-Id` of the response, if it has one. The audit entry of the request has the same id.
    pub(super) request_id: Option<String>,
}

/// Requests that one request of the page sent to Doorward, in order.
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
