//! Responses of the demo to its page: a result or an error, each with the requests that were sent to Doorward.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use doorward_shared::ErrorCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::request_log::{RecordedRequest, RequestLog};

/// An error response. For errors of Doorward, `code` is Doorward's error code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{title} ({code})")]
pub(super) struct DemoError {
    status: u16,
    code: String,
    title: String,
    details: String,
}

impl DemoError {
    pub(super) fn new(status: u16, code: &str, title: &str, details: &str) -> Self {
        Self { status, code: code.to_owned(), title: title.to_owned(), details: details.to_owned() }
    }

    pub(super) fn is(&self, code: ErrorCode) -> bool {
        self.code == code.as_str()
    }

    /// Creates the error for a response of Doorward that this client does not understand.
    pub(super) fn unexpected(details: &str) -> Self {
        Self::new(502, "unexpected_response", "Doorward sent an unexpected response", details)
    }

    pub(super) fn field(details: &str) -> Self {
        Self::new(400, "field_invalid", "Please check what you entered", details)
    }

    pub(super) fn signed_out() -> Self {
        Self::new(401, "signed_out", "Please sign in first", "")
    }

    pub(super) fn second_factor_needed() -> Self {
        Self::new(403, "second_factor_needed", "Please prove your second factor first", "")
    }

    pub(super) fn internal() -> Self {
        Self::new(500, "demo_failed", "The demo failed", "See the log of the server")
    }
}

impl From<crate::clock::NoEntropy> for DemoError {
    fn from(error: crate::clock::NoEntropy) -> Self {
        tracing::error!(%error, "the demo cannot generate a secret");
        Self::internal()
    }
}

/// Used for errors of extractors and of the guard, which occur before any request to Doorward.
impl ResponseError for DemoError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        error_response(self, Vec::new())
    }
}

/// Outcome of an action: the result for the page and, if the visitor's session changed, a cookie.
#[derive(Debug)]
pub(super) struct Outcome {
    result: Value,
    cookie: Option<String>,
}

impl Outcome {
    pub(super) const fn new(result: Value) -> Self {
        Self { result, cookie: None }
    }

    pub(super) fn with_member(mut self, name: &str, value: Value) -> Self {
        if let Value::Object(members) = &mut self.result {
            members.insert(name.to_owned(), value);
        }
        self
    }

    pub(super) fn with_cookie(self, cookie: String) -> Self {
        Self { cookie: Some(cookie), ..self }
    }
}

/// Runs an action and responds with its outcome and the requests that it sent.
pub(super) async fn respond(action: impl AsyncFnOnce(&mut RequestLog) -> Result<Outcome, DemoError>) -> HttpResponse {
    let mut log = RequestLog::default();
    match action(&mut log).await {
        Ok(outcome) => {
            let mut response = HttpResponse::Ok();
            if let Some(cookie) = outcome.cookie {
                response.insert_header((header::SET_COOKIE, cookie));
            }
            response.json(json!({ "result": outcome.result, "calls": log.into_requests() }))
        }
        Err(error) => error_response(&error, log.into_requests()),
    }
}

fn error_response(error: &DemoError, calls: Vec<RecordedRequest>) -> HttpResponse {
    HttpResponse::build(error.status_code()).json(json!({ "error": error, "calls": calls }))
}
