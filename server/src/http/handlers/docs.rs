//! The OpenAPI documents and Swagger UI, served without network access.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use doorward_shared::ErrorCode;
use swagger_ui_redist::SwaggerUi;

use crate::http::{ApiError, openapi};

pub async fn public_document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Public))
}

pub async fn admin_document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Admin))
}

/// Returns the Swagger UI page (empty path) or one of its files.
pub async fn page(path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    match path.as_str() {
        "" | "index.html" => index(),
        name => file(name),
    }
}

fn index() -> Result<HttpResponse, ApiError> {
    let mut page = SwaggerUi::new();
    page.title("Doorward API").config().urls(["/openapi.json"]).try_it_out_enabled(true);
    let html = page.serve().map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(cacheable().content_type("text/html; charset=utf-8").body(html))
}

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

fn cacheable() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "max-age=3600"));
    response
}

/// Redirects `/docs` to `/docs/`, so that the page's relative links resolve.
pub async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}
