//! The OpenAPI documents, and a page to read them that needs no network.

use std::sync::Arc;

use actix_web::{HttpResponse, http::header, web};
use doorward_shared::ErrorCode;

use crate::{
    app::App,
    http::{ApiError, openapi},
};

/// The public API's OpenAPI document.
pub async fn public_document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Public))
}

/// Files of the page that shows the document.
///
/// # Errors
/// 404 for a file the page does not have.
pub async fn page(app: web::Data<App>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    file(&path, Arc::clone(&app.docs_page.0))
}

/// A file of the page.
pub(super) fn file(path: &str, page: Arc<utoipa_swagger_ui::Config<'static>>) -> Result<HttpResponse, ApiError> {
    let not_found = || ApiError::new(actix_web::http::StatusCode::NOT_FOUND, ErrorCode::RouteNotFound, "not found", "");
    let file = utoipa_swagger_ui::serve(path, page)
        .map_err(|error| ApiError::internal(error.to_string()))?
        .ok_or_else(not_found)?;
    Ok(HttpResponse::Ok()
        .content_type(file.content_type)
        .insert_header((header::CACHE_CONTROL, "max-age=3600"))
        .body(file.bytes.to_vec()))
}

/// Sends people from `/docs` to the page.
pub async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}
