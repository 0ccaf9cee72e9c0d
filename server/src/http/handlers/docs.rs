//! The OpenAPI documents and Swagger UI, served without network access.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use doorward_shared::ErrorCode;
use swagger_ui_redist::SwaggerUi;

use crate::http::{ApiError, openapi};

/// Content security policy of the page. Swagger UI needs inline styles, and images that are part of its style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// File with the script that starts Swagger UI. The page cannot contain the script, because the policy forbids inline
/// scripts.
const START_SCRIPT: &str = "start.js";

pub async fn public_document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Public))
}

pub async fn admin_document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Admin))
}

/// Returns the Swagger UI page (empty path) or one of its files.
pub async fn page(path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    match path.as_str() {
        "" | "index.html" => {
            let html = PAGE.as_ref().map_err(ApiError::internal)?.html.as_str();
            let policy = (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
            Ok(cacheable().content_type("text/html; charset=utf-8").insert_header(policy).body(html))
        }
        START_SCRIPT => {
            let script = PAGE.as_ref().map_err(ApiError::internal)?.script.as_str();
            Ok(cacheable().content_type("text/javascript; charset=utf-8").body(script))
        }
        name => file(name),
    }
}

struct Page {
    html: String,
    script: String,
}

static PAGE: LazyLock<Result<Page, String>> = LazyLock::new(|| {
    let mut page = SwaggerUi::new();
    page.title("Doorward API").config().urls(["/openapi.json"]).try_it_out_enabled(true);
    let html = page.serve().map_err(|error| error.to_string())?;
    let (before, rest) = html.split_once("<script>").ok_or("Swagger UI has no inline script")?;
    let (script, after) = rest.split_once("</script>").ok_or("the script of Swagger UI does not end")?;
    let html = format!("{before}<script src=\"{START_SCRIPT}\" charset=\"UTF-8\"></script>{after}");
    Ok(Page { html, script: script.to_owned() })
});

fn file(name: &str) -> Result<HttpResponse, ApiError> {
    let bytes = SwaggerUi::static_files().iter().find(|(file, _)| file.file_name() == name).map(|(_, bytes)| *bytes);
    let bytes = bytes.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, ErrorCode::RouteNotFound, "not found", ""))?;
    let content_type = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        _ => "image/png",
    };
    Ok(cacheable().content_type(content_type).body(bytes))
}

/// Returns a response that clients may cache and that no page may show in a frame.
fn cacheable() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "max-age=3600"));
    response.insert_header((header::X_FRAME_OPTIONS, "DENY"));
    response
}

/// Redirects `/docs` to `/docs/`, so that the page's relative links resolve.
pub async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}
