//! Request bodies, limited in size and time.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, CONTENT_LENGTH, HeaderValue},
    web,
};
use bytes::BytesMut;
use futures_util::StreamExt as _;

use crate::{app::App, domain::json::is_deeper, http::ApiError, service::Refusal};

/// The whole body of a request, or the reason why it was refused.
#[derive(Debug)]
pub struct Body {
    bytes: Result<BytesMut, Refusal>,
    max_depth: usize,
}

impl Body {
    /// Returns the bytes.
    ///
    /// # Errors
    /// [`Refusal::BodyTooLarge`], [`Refusal::BodyTooSlow`], [`Refusal::MediaType`], or [`Refusal::Malformed`] for a
    /// body that is incomplete or nested more deeply than the server allows. The extractor does not return these errors
    /// itself, so that the operation can record them in its audit entry.
    pub fn bytes(&self) -> Result<&[u8], Refusal> {
        let bytes = self.bytes.as_ref().map_err(Clone::clone)?;
        if is_deeper(bytes, self.max_depth) {
            let reason = format!("the JSON is nested deeper than {} levels", self.max_depth);
            return Err(Refusal::Malformed(reason));
        }
        Ok(bytes)
    }
}

impl FromRequest for Body {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let Some(app) = request.app_data::<web::Data<App>>() else {
            return Box::pin(async { Err(ApiError::internal("the server was built without its App")) });
        };
        let (limit, timeout) = (app.settings.body_limit, app.settings.body_timeout);
        let max_depth = app.settings.json_depth;
        if declared_length(request).is_some_and(|length| length > limit) {
            return Box::pin(async move { Ok(Self { bytes: Err(too_large(limit)), max_depth }) });
        }
        let other_type = (!is_json(request)).then(|| declared_type(request));
        let payload = payload.take();
        Box::pin(async move {
            let read = tokio::time::timeout(timeout, read(payload, limit)).await;
            let bytes = read.unwrap_or_else(|_| {
                let reason = format!("the body did not arrive within {} s", timeout.as_secs());
                Err(Refusal::BodyTooSlow(reason))
            });
            // Only JSON is accepted, because a page of another origin can send some other media types without a CORS
            // preflight.
            let bytes = bytes.and_then(|bytes| match other_type {
                Some(found) if !bytes.is_empty() => Err(Refusal::MediaType(found)),
                _ => Ok(bytes),
            });
            Ok(Self { bytes, max_depth })
        })
    }
}

/// Returns whether the request declares its body as JSON. Parameters of the media type are ignored.
fn is_json(request: &HttpRequest) -> bool {
    let declared = |value: &HeaderValue| {
        let essence = value.to_str().ok().and_then(|text| text.split(';').next());
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
    };
    let mut values = request.headers().get_all(header::CONTENT_TYPE).peekable();
    values.peek().is_some() && values.all(declared)
}

/// Returns the value of the header `Content-Type`, for the audit entry; "no type" if the header is missing.
fn declared_type(request: &HttpRequest) -> String {
    let value = request.headers().get(header::CONTENT_TYPE);
    value.map_or_else(|| "no type".to_owned(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

async fn read(mut payload: Payload, limit: usize) -> Result<BytesMut, Refusal> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk
            .map_err(|_| Refusal::Malformed("the body ended early, or its chunked encoding is invalid".to_owned()))?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn declared_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Refusal {
    Refusal::BodyTooLarge(format!("the body may have at most {limit} bytes"))
}
