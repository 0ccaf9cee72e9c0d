//! The status page at the root of the public API.

use actix_web::{HttpResponse, http::header, web};

use crate::{app::App, service::health};

const PAGE: &str = include_str!("status.html");

/// Returns a status page that shows the version and whether the database responds.
#[utoipa::path(get, path = "/", tag = "Health", security(()),
    responses((status = 200, description = "the status page", body = String, content_type = "text/html")))]
pub async fn page(app: web::Data<App>) -> HttpResponse {
    let (class, state) = match health::check_database(&app).await {
        Ok(()) => ("up", "ready"),
        Err(_) => ("down", "waiting for its database"),
    };
    let page = PAGE.replace("{version}", env!("CARGO_PKG_VERSION")).replace("{class}", class).replace("{state}", state);
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .body(page)
}
