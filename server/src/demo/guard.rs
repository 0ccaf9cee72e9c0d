//! Middleware of the demo: checks host name and origin, and adds security headers.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};

use super::{reply::DemoError, state::Demo};

/// Security headers: the page may load content only from the demo itself, and other pages cannot embed it in a frame.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("permissions-policy", "publickey-credentials-create=(self), publickey-credentials-get=(self)"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("cache-control", "no-store"),
];

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    /// The host name, for example 127.0.0.1, is not the configured one. Passkeys work only with the configured name.
    WrongHost,
    /// Another page sent the request. `SameSite` cookies allow this, because all ports of `localhost` are one site.
    WrongOrigin,
}

fn check(origin: &str, method: &Method, headers: &HeaderMap) -> Verdict {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let own_host = origin.split_once("://").map(|(_, host)| host);
    if text(header::HOST) != own_host {
        return Verdict::WrongHost;
    }
    if method.is_safe() || text(header::ORIGIN) == Some(origin) { Verdict::Pass } else { Verdict::WrongOrigin }
}

pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let origin = request.app_data::<web::Data<Demo>>().map(|demo| demo.config.origin.clone()).unwrap_or_default();
    let refusal = match check(&origin, request.method(), request.headers()) {
        Verdict::Pass => None,
        // Only requests for the page are redirected: browsers block API requests that are redirected to another origin.
        Verdict::WrongHost if request.path() == "/" => {
            Some(HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, format!("{origin}/"))).finish())
        }
        Verdict::WrongHost => {
            Some(error_response(421, "host_unknown", "This application has another host name", &origin))
        }
        Verdict::WrongOrigin => Some(error_response(403, "origin_refused", "Another page sent this request", "")),
    };
    let mut response = match refusal {
        Some(refusal) => request.into_response(refusal),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}

fn error_response(status: u16, code: &str, title: &str, details: &str) -> HttpResponse {
    actix_web::ResponseError::error_response(&DemoError::new(status, code, title, details))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str, origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn only_the_page_itself_may_send_changes() {
        let own = "http://localhost:8080";
        let verdict = |method, host, origin| check(own, &method, &headers(host, origin));
        assert_eq!(verdict(Method::GET, "localhost:8080", None), Verdict::Pass);
        assert_eq!(verdict(Method::POST, "localhost:8080", Some(own)), Verdict::Pass);
        assert_eq!(verdict(Method::POST, "localhost:8080", None), Verdict::WrongOrigin);
        assert_eq!(verdict(Method::DELETE, "localhost:8080", Some("http://localhost:9999")), Verdict::WrongOrigin);
        assert_eq!(verdict(Method::GET, "127.0.0.1:8080", None), Verdict::WrongHost);
        assert_eq!(verdict(Method::GET, "rebound.example:8080", None), Verdict::WrongHost);
    }
}
