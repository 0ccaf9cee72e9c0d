//! `/metrics`.

use actix_web::HttpResponse;
use doorward_shared::ErrorBody;

use crate::http::extract::Auditor;

/// What the server counts, in Prometheus' text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Health",
    responses(
        (status = 200, description = "the figures", body = String, content_type = "text/plain"),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn metrics(caller: Auditor) -> HttpResponse {
    let figures = caller.call.app.metrics.render();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(figures)
}
