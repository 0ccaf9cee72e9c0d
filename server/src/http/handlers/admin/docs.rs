//! The admin API's OpenAPI document and its page.

use std::sync::Arc;

use actix_web::{HttpResponse, web};

use crate::{
    app::App,
    http::{ApiError, handlers::docs, openapi},
};

/// The admin API's OpenAPI document.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Admin))
}

/// Files of the page that shows the document.
///
/// # Errors
/// 404 for a file the page does not have.
pub async fn page(app: web::Data<App>, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    docs::file(&path, Arc::clone(&app.docs_page.0))
}
