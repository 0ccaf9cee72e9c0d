//! Stands before every request of the demo: the right host name, the same origin, and headers that leave nothing open.

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

use super::{Demo, reply::DemoError};

/// Everything the page needs comes from the demo itself, and nobody may frame it.
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

/// What is to be done with a request.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Pass,
    /// The page was opened under another name, such as 127.0.0.1: passkeys belong to the configured one.
    OtherName,
    /// Another page sent this. `SameSite` alone would not do: every port of `localhost` is the same site.
    OtherOrigin,
}

fn judge(origin: &str, method: &Method, headers: &HeaderMap) -> Verdict {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let own_host = origin.split_once("://").map(|(_, host)| host);
    if text(header::HOST) != own_host {
        return Verdict::OtherName;
    }
    if method.is_safe() || text(header::ORIGIN) == Some(origin) { Verdict::Pass } else { Verdict::OtherOrigin }
}

pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let origin = request.app_data::<web::Data<Demo>>().map(|demo| demo.config.origin.clone()).unwrap_or_default();
    let refusal = match judge(&origin, request.method(), request.headers()) {
        Verdict::Pass => None,
        // Following the redirect would be wrong for the page's own calls; only the page itself is shown the way.
        Verdict::OtherName if request.path() == "/" => {
            Some(HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, format!("{origin}/"))).finish())
        }
        Verdict::OtherName => Some(respond(421, "host_unknown", "This application has another name", &origin)),
        Verdict::OtherOrigin => Some(respond(403, "origin_refused", "Another page sent this request", "")),
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

fn respond(status: u16, code: &str, title: &str, details: &str) -> HttpResponse {
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
    fn only_the_page_itself_may_change_anything() {
        let own = "http://localhost:8080";
        let judged = |method, host, origin| judge(own, &method, &headers(host, origin));
        assert_eq!(judged(Method::GET, "localhost:8080", None), Verdict::Pass);
        assert_eq!(judged(Method::POST, "localhost:8080", Some(own)), Verdict::Pass);
        assert_eq!(judged(Method::POST, "localhost:8080", None), Verdict::OtherOrigin);
        assert_eq!(judged(Method::DELETE, "localhost:8080", Some("http://localhost:9999")), Verdict::OtherOrigin);
        assert_eq!(judged(Method::GET, "127.0.0.1:8080", None), Verdict::OtherName);
        assert_eq!(judged(Method::GET, "rebound.example:8080", None), Verdict::OtherName);
    }
}
