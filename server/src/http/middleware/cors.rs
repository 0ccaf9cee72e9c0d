//! Cross-origin calls, as each tenant's configuration allows them (Fetch standard, CORS protocol).

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};
use doorward_shared::TenantId;

use crate::app::App;

const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";
const MAX_AGE_SECONDS: &str = "7200";

/// Answers preflights, and tells browsers which origins may read an answer.
///
/// # Errors
/// None of its own.
pub async fn cors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(tenant) = tenant_of(request.path()) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    // Said of every answer, or a cache would hand one made for nobody's page to an allowed page (Fetch standard, "CORS
    // protocol and HTTP caches").
    let varies = (header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        let mut response = next.call(request).await?.map_into_boxed_body();
        response.headers_mut().append(varies.0, varies.1);
        return Ok(response);
    };
    let allowed = allows(&request, tenant, &origin).await;
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let mut response = request.into_response(HttpResponse::NoContent().finish());
        if allowed {
            describe(response.headers_mut(), asked);
        }
        response
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let headers = response.headers_mut();
    headers.append(varies.0, varies.1);
    if allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        let exposed = HeaderValue::from_static("Link,X-Total-Count,X-Request-Id");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    Ok(response)
}

fn describe(headers: &mut HeaderMap, asked: Option<HeaderValue>) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_SECONDS));
    if let Some(asked) = asked {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
    }
}

fn tenant_of(path: &str) -> Option<TenantId> {
    path.split('/').nth(1)?.parse().ok()
}

/// Whether the tenant allows the origin. A tenant that cannot be read allows none: the request itself then says why.
async fn allows(request: &ServiceRequest, tenant: TenantId, origin: &HeaderValue) -> bool {
    let (Some(app), Ok(origin)) = (request.app_data::<web::Data<App>>().cloned(), origin.to_str()) else {
        return false;
    };
    match app.tenant(tenant).await {
        Ok(snapshot) => snapshot.is_some_and(|snapshot| snapshot.cors.allows(origin)),
        Err(_) => false,
    }
}
