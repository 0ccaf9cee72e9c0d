//! Outermost middleware: sets request id and client address, logs one line, and turns framework errors into JSON.

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use doorward_shared::ErrorCode;
use tracing::Level;

use crate::{
    app::App,
    clock,
    domain::RequestMeta,
    http::{ApiError, extract::client_ip::client_ip},
};

/// Header with the request id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID: usize = 128;
const MAX_USER_AGENT_CHARS: usize = 512;

/// Wraps the handling of a request.
pub async fn trace(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError().finish()));
    };
    let started = app.stopwatch.start();
    let meta = meta_of(&request, &app);
    request.extensions_mut().insert(meta.clone());
    let method = request.method().clone();
    let mut response = next.call(request).await?.map_into_boxed_body();
    let refusal = response
        .response()
        .error()
        .and_then(|error| error.as_error::<ApiError>())
        .map(|error| (error.code(), error.cause().map(str::to_owned)));
    if refusal.is_none() && response.response().error().is_some() {
        response = foreign_error(response);
    }
    let elapsed = app.stopwatch.elapsed(started);
    let route = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    let status = response.status();
    app.metrics.request(method.as_str(), &route, status.as_u16(), elapsed);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let id = meta.request_id.as_str();
    let client = meta.source_ip.as_str();
    let status_number = status.as_u16();
    match refusal {
        Some((code, Some(cause))) => tracing::error!(
            request_id = id, client, %method, route, status = status_number, micros, %code, cause, "request failed"
        ),
        // These requests are not logged, because they could flood the log. The metrics count them.
        Some((ErrorCode::RateLimited, None)) => {}
        Some((code, None)) => tracing::info!(
            request_id = id, client, %method, route, status = status_number, micros, %code, "request refused"
        ),
        None if tracing::enabled!(Level::DEBUG) => {
            tracing::debug!(request_id = id, client, %method, route, status = status_number, micros, "request");
        }
        None => {}
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&meta.request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// Converts an error of the framework into the JSON body of all error responses.
fn foreign_error(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let error = match status {
        StatusCode::NOT_FOUND => ApiError::new(status, ErrorCode::RouteNotFound, "not found", ""),
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::new(status, ErrorCode::BodyTooLarge, "unable to process request", "the body is too large")
        }
        _ if status.is_client_error() => {
            ApiError::new(status, ErrorCode::BodyMalformed, "unable to process request", "")
        }
        _ => {
            let cause = response.response().error().map(ToString::to_string).unwrap_or_default();
            tracing::error!(cause, "the framework failed");
            ApiError::internal(cause)
        }
    };
    let (request, _) = response.into_parts();
    let response = HttpResponse::build(error.status()).json(error.body());
    ServiceResponse::new(request, response)
}

fn meta_of(request: &ServiceRequest, app: &App) -> RequestMeta {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let sent = text("x-request-id").filter(|id| is_sane(id)).map(str::to_owned);
    let made = || clock::new_uuid(app.clock.now(), app.entropy.as_ref()).unwrap_or_default().to_string();
    let forwarded: Vec<&str> = headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    let client = client_ip(request.peer_addr(), &forwarded, &app.settings.trusted_proxies);
    let agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    RequestMeta {
        request_id: sent.unwrap_or_else(made),
        source_ip: client.map(|address| address.to_string()).unwrap_or_default(),
        user_agent: agent.map(|text| text.chars().take(MAX_USER_AGENT_CHARS).collect()).unwrap_or_default(),
    }
}

/// Returns whether a client's request id is accepted. It must be short visible ASCII, because it is sent and logged.
fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}
