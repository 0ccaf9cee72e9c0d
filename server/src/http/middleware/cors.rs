//! CORS (Fetch standard), according to the configuration of each tenant.

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};
use doorward_shared::{ErrorCode, TenantId};

use crate::{
    app::App,
    domain::RequestMeta,
    http::{
        ApiError,
        extract::{API_KEY_HEADER, UnknownTenant, find_tenant, unknown_tenant},
    },
};

const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";
const MAX_AGE_SECONDS: &str = "7200";

/// Responds to CORS preflights, and adds the CORS headers to the responses of other requests. Requests to unknown
/// tenants are counted against the rate limit of the caller's address.
pub async fn cors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(tenant) = tenant_of(request.path()) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    // Every response has the header `Vary: Origin`. Otherwise, a cache could return a response without CORS headers to
    // an allowed page (Fetch standard, "CORS protocol and HTTP caches").
    let vary = (header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        let mut response = next.call(request).await?.map_into_boxed_body();
        response.headers_mut().append(vary.0, vary.1);
        return Ok(response);
    };
    let allowed = match allows(&request, tenant, &origin).await {
        Ok(allowed) => allowed,
        Err(refusal) if refusal.code() == ErrorCode::RateLimited => {
            let mut response = request.error_response(refusal);
            response.headers_mut().append(vary.0, vary.1);
            return Ok(response);
        }
        Err(_) => {
            request.extensions_mut().insert(UnknownTenant);
            false
        }
    };
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        let requested = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let mut response = request.into_response(HttpResponse::NoContent().finish());
        if allowed {
            add_preflight_headers(response.headers_mut(), requested);
        }
        response
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let headers = response.headers_mut();
    headers.append(vary.0, vary.1);
    if allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        let exposed = HeaderValue::from_static("Link,X-Total-Count,X-Total-Count-Relation,X-Request-Id,Retry-After");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    Ok(response)
}

fn add_preflight_headers(headers: &mut HeaderMap, requested: Option<HeaderValue>) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
    if let Some(requested) = requested {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested);
    }
}

fn tenant_of(path: &str) -> Option<TenantId> {
    path.split('/').nth(1)?.parse().ok()
}

/// Returns whether the tenant allows the origin. If the tenant cannot be read, no origin is allowed, and the handler
/// returns the error.
///
/// # Errors
/// 404 or 429 for an unknown tenant, after the request was counted against the rate limit. Also the 429 error of
/// [`find_tenant`], which does not count the request.
async fn allows(request: &ServiceRequest, tenant: TenantId, origin: &HeaderValue) -> Result<bool, ApiError> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else { return Ok(false) };
    let meta = request.extensions().get::<RequestMeta>().cloned().unwrap_or_default();
    match find_tenant(&app, tenant, &meta, request.headers().contains_key(API_KEY_HEADER)).await {
        Ok(Some(tenant)) => Ok(origin.to_str().is_ok_and(|origin| tenant.cors.allows(origin))),
        Ok(None) => Err(unknown_tenant(&app, &meta).await),
        Err(error) if error.code() == ErrorCode::RateLimited => Err(error),
        Err(_) => Ok(false),
    }
}
