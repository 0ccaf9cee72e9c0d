//! Outermost middleware: sets the request id and the client address, logs one line for each request, and turns panics
//! and framework errors into JSON responses.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse, ResponseError as _,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use doorward_shared::ErrorCode;
use futures_util::FutureExt as _;

use super::request_log::{RequestLine, method_label};
use crate::{
    app::App,
    clock,
    domain::RequestMeta,
    http::{
        ApiError,
        extract::client_ip::{client_ip, is_trusted},
    },
    traces::RequestTrace,
};

/// Header with the request id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID: usize = 128;
/// Source address of a client that connects through a Unix socket, if no proxy states another address.
const UNIX_SOCKET: &str = "unix";
const MAX_USER_AGENT_BYTES: usize = 256;

/// Creates the request's metadata, calls `next`, and records metrics, log line and trace.
pub async fn trace(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError().finish()));
    };
    let started = app.stopwatch.start();
    let meta = meta_of(&request, &app);
    let trace = begin_trace(&request, &app, started);
    request.extensions_mut().insert(meta.clone());
    let method = method_label(request.method());
    // Panics are caught, because a panic otherwise closes the connection without a response.
    let handled = RequestTrace::record(trace.as_ref(), AssertUnwindSafe(next.call(request)).catch_unwind()).await;
    let elapsed = app.stopwatch.elapsed(started);
    let Ok(response) = handled else { return Err(panicked(&app, &meta, method, elapsed, trace.as_ref())) };
    let mut response = with_api_error(response?.map_into_boxed_body());
    let line = RequestLine::of(&response, &meta, method, elapsed).with_trace(trace.as_ref());
    let error = response.response().error().and_then(|error| error.as_error::<ApiError>());
    app.metrics.request(method, line.route(), line.status(), error.map(|error| error.code().as_str()), elapsed);
    line.log(error);
    line.finish_trace(error, elapsed);
    add_headers(response.headers_mut(), &meta);
    Ok(response)
}

fn add_headers(headers: &mut HeaderMap, meta: &RequestMeta) {
    if let Ok(value) = HeaderValue::from_str(&meta.request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Logs that a handler panicked, and returns the 500 response. The panic hook has already printed the message and the
/// position of the panic.
fn panicked(
    app: &App,
    meta: &RequestMeta,
    method: &'static str,
    elapsed: Duration,
    trace: Option<&RequestTrace>,
) -> Error {
    let error = ApiError::internal("the handler panicked");
    let line = RequestLine::unrouted(error.status(), meta, method, elapsed).with_trace(trace);
    app.metrics.request(method, line.route(), line.status(), Some(error.code().as_str()), elapsed);
    line.log(Some(&error));
    line.finish_trace(Some(&error), elapsed);
    let mut response = error.error_response();
    add_headers(response.headers_mut(), meta);
    InternalError::from_response(error, response).into()
}

/// Replaces an error of the framework with an [`ApiError`], so that every error response has the same JSON body.
fn with_api_error(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(foreign) = response.response().error().filter(|error| error.as_error::<ApiError>().is_none()) else {
        return response;
    };
    let status = response.status();
    let error = match status {
        StatusCode::NOT_FOUND => ApiError::new(status, ErrorCode::RouteNotFound, "not found", ""),
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::new(status, ErrorCode::BodyTooLarge, "unable to process request", "the body is too large")
        }
        _ if status.is_client_error() => {
            ApiError::new(status, ErrorCode::BodyMalformed, "unable to process request", "")
        }
        _ => ApiError::internal(foreign),
    };
    let (request, _) = response.into_parts();
    ServiceResponse::from_err(error, request)
}

/// Returns the trace of the request: the one that its header `traceparent` names, or else a new one. Returns `None` if
/// traces are off and the header names no trace, or if no random bytes are available.
fn begin_trace(request: &ServiceRequest, app: &App, started: Instant) -> Option<RequestTrace> {
    let traceparent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let peer = request.peer_addr().map(|peer| peer.ip());
    let is_trusted_peer = is_trusted(peer, &app.settings.trusted_proxies);
    app.traces
        .begin(traceparent, is_trusted_peer, app.clock.now(), started, || clock::random(app.entropy.as_ref()).ok())
}

fn meta_of(request: &ServiceRequest, app: &App) -> RequestMeta {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let sent = text("x-request-id").filter(|id| is_sane(id)).map(str::to_owned);
    let made = || clock::new_uuid(app.clock.now(), app.entropy.as_ref()).unwrap_or_default().to_string();
    RequestMeta {
        request_id: sent.unwrap_or_else(made),
        source_ip: source_ip(request, app),
        user_agent: headers.get(header::USER_AGENT).map(user_agent).unwrap_or_default(),
        api_key: None,
    }
}

/// Returns the client's address, or [`UNIX_SOCKET`]. Warns about an untrusted peer that sends `X-Forwarded-For`.
fn source_ip(request: &ServiceRequest, app: &App) -> String {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let trusted = &app.settings.trusted_proxies;
    let forwarded: Vec<&[u8]> = request.headers().get_all(header::X_FORWARDED_FOR).map(HeaderValue::as_bytes).collect();
    if !forwarded.is_empty()
        && let Some(peer) = peer.filter(|peer| !is_trusted(Some(*peer), trusted))
        && let Some(other_peers) = app.untrusted_peers.record(peer, app.stopwatch.start())
    {
        tracing::warn!(
            %peer,
            other_peers,
            "X-Forwarded-For is ignored, because the peer is not in the setting proxy.trusted: if it is your reverse \
             proxy, add its address there; until then all its clients share one rate limit"
        );
    }
    client_ip(peer, &forwarded, trusted).map_or_else(|| UNIX_SOCKET.to_owned(), |address| address.to_string())
}

/// Returns the value, truncated to [`MAX_USER_AGENT_BYTES`] because it is stored in audit entries.
fn user_agent(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    let mut text = String::from_utf8_lossy(bytes.get(..MAX_USER_AGENT_BYTES).unwrap_or(bytes)).into_owned();
    text.truncate(text.floor_char_boundary(MAX_USER_AGENT_BYTES));
    text
}

/// Returns whether a client's request id is accepted. It must be short and consist of visible ASCII characters, because
/// it is returned and logged.
fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agent_is_truncated_to_256_bytes() {
        let cut = |bytes: &[u8]| user_agent(&HeaderValue::from_bytes(bytes).unwrap());
        assert_eq!(cut(b"curl/8"), "curl/8");
        assert_eq!(cut(&[b'a'; 300]), "a".repeat(256));
        assert_eq!(cut(&[b"a", "é".repeat(200).as_bytes()].concat()), format!("a{}", "é".repeat(127)));
        assert!(cut(&[0xff; 300]).len() <= 256);
    }
}
