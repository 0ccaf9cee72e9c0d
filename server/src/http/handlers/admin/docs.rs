//! The OpenAPI document of the admin API.

use actix_web::HttpResponse;

use crate::http::openapi;

/// Returns the OpenAPI document of the admin API.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::document(openapi::Api::Admin))
}
