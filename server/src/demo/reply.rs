//! What the demo answers its page: a result or a refusal, each with the REST calls that were made for it.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use doorward_shared::ErrorCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::backend::{Call, Trail};

/// Why something was refused; `code` is Doorward's own where Doorward refused.
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

    /// Whether this is the refusal that a code names.
    pub(super) fn is(&self, code: ErrorCode) -> bool {
        self.code == code.as_str()
    }

    /// Doorward answered what this client does not understand.
    pub(super) fn unexpected(details: &str) -> Self {
        Self::new(502, "unexpected_answer", "Doorward gave an unexpected answer", details)
    }

    /// A field of the page's request has a value it must not have.
    pub(super) fn field(details: &str) -> Self {
        Self::new(400, "field_invalid", "Please check what you entered", details)
    }

    /// The visitor must sign in first.
    pub(super) fn signed_out() -> Self {
        Self::new(401, "signed_out", "Please sign in first", "")
    }

    /// The password was proven, the second factor was not.
    pub(super) fn second_factor_needed() -> Self {
        Self::new(403, "second_factor_needed", "Please prove your second factor first", "")
    }

    /// Something failed inside the demo.
    pub(super) fn internal() -> Self {
        Self::new(500, "demo_failed", "The demo failed", "Its log may say why")
    }
}

impl From<crate::clock::NoEntropy> for DemoError {
    fn from(error: crate::clock::NoEntropy) -> Self {
        tracing::error!(%error, "the demo cannot make a secret");
        Self::internal()
    }
}

/// Refusals that come before any REST call: from extractors and the guard.
impl ResponseError for DemoError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        refused(self, Vec::new())
    }
}

/// What an action did: the result for the page and, where the visitor's session changed, a cookie.
#[derive(Debug)]
pub(super) struct Done {
    result: Value,
    cookie: Option<String>,
}

impl Done {
    pub(super) const fn with(result: Value) -> Self {
        Self { result, cookie: None }
    }

    /// Adds a member to the result.
    pub(super) fn and_result(mut self, name: &str, value: Value) -> Self {
        if let Value::Object(members) = &mut self.result {
            members.insert(name.to_owned(), value);
        }
        self
    }

    pub(super) fn and_cookie(self, cookie: String) -> Self {
        Self { cookie: Some(cookie), ..self }
    }
}

/// Runs an action and answers with its outcome and its calls.
pub(super) async fn answer(action: impl AsyncFnOnce(&mut Trail) -> Result<Done, DemoError>) -> HttpResponse {
    let mut trail = Trail::default();
    match action(&mut trail).await {
        Ok(done) => {
            let mut response = HttpResponse::Ok();
            if let Some(cookie) = done.cookie {
                response.insert_header((header::SET_COOKIE, cookie));
            }
            response.json(json!({ "result": done.result, "calls": trail.into_calls() }))
        }
        Err(refusal) => refused(&refusal, trail.into_calls()),
    }
}

fn refused(refusal: &DemoError, calls: Vec<Call>) -> HttpResponse {
    HttpResponse::build(refusal.status_code()).json(json!({ "error": refusal, "calls": calls }))
}
