//! The log line of a request.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    body::MessageBody,
    dev::ServiceResponse,
    http::{Method, StatusCode},
};
use doorward_shared::TenantId;
use tracing::{Level, field};

use crate::{
    domain::RequestMeta,
    http::ApiError,
    traces::{FinishedRequest, RequestTrace},
};

/// Placeholder for an unknown route.
const UNROUTED: &str = "-";

/// Values of the log line. Values from the client have a maximum length.
pub(super) struct RequestLine<'a> {
    meta: &'a RequestMeta,
    tenant: Option<TenantId>,
    method: &'static str,
    route: Cow<'static, str>,
    status: StatusCode,
    trace: Option<&'a RequestTrace>,
    micros: u64,
}

impl<'a> RequestLine<'a> {
    pub(super) fn of(
        response: &ServiceResponse<impl MessageBody>,
        meta: &'a RequestMeta,
        method: &'static str,
        elapsed: Duration,
    ) -> Self {
        let request = response.request();
        let tenant = request.match_info().get("tenant_id").and_then(|id| id.parse().ok());
        let line = Self::unrouted(response.status(), meta, method, elapsed);
        match request.match_pattern() {
            Some(route) => Self { tenant, route: route.into(), ..line },
            None => line,
        }
    }

    /// Creates the line of a request whose route is unknown.
    pub(super) fn unrouted(status: StatusCode, meta: &'a RequestMeta, method: &'static str, elapsed: Duration) -> Self {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        Self { meta, tenant: None, method, route: UNROUTED.into(), status, trace: None, micros }
    }

    pub(super) fn with_trace(self, trace: Option<&'a RequestTrace>) -> Self {
        Self { trace, ..self }
    }

    /// Ends the span of the request, if the span is recorded.
    pub(super) fn finish_trace(&self, error: Option<&ApiError>, elapsed: Duration) {
        let Some(trace) = self.trace else { return };
        let request = FinishedRequest {
            method: self.method,
            route: Some(self.route()).filter(|route| *route != UNROUTED),
            status: self.status(),
            code: error.map(|error| error.code().as_str()),
            tenant: self.tenant.map(|tenant| tenant.to_string()),
            request_id: &self.meta.request_id,
        };
        trace.finish(request, elapsed);
    }

    pub(super) fn route(&self) -> &str {
        &self.route
    }

    pub(super) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Logs the line, at level `error` for an error that has a cause, at level `info` for a refusal, and at level
    /// `debug` for a success.
    pub(super) fn log(&self, error: Option<&ApiError>) {
        let Self { meta, method, route, micros, .. } = self;
        let (request_id, client, status) = (&*meta.request_id, &*meta.source_ip, self.status());
        let tenant = self.tenant.map(field::display);
        let trace_id = self.trace.map(RequestTrace::id);
        match error.map(|error| (error.code(), error.cause())) {
            Some((code, Some(cause))) => tracing::error!(
                request_id, trace_id, tenant, client, method, %route, status, %code, micros, cause, "request failed"
            ),
            Some((code, None)) => tracing::info!(
                request_id, trace_id, tenant, client, method, %route, status, %code, micros, "request refused"
            ),
            None if tracing::enabled!(Level::DEBUG) => {
                tracing::debug!(request_id, trace_id, tenant, client, method, %route, status, micros, "request");
            }
            None => {}
        }
    }
}

/// Methods that have their own label in metrics and log lines.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Returns the label of a method; `other` for unknown methods, because clients can send any name.
pub(super) fn method_label(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}
