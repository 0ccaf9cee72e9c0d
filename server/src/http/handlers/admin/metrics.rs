//! `/metrics`.

use actix_web::HttpResponse;

use crate::http::{Auditor, responses::*};

/// Returns the server's metrics in the text format of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Health",
    responses((status = 200, description = "the metrics", body = String, content_type = "text/plain"), AuditorErrors),
)]
pub async fn metrics(caller: Auditor) -> HttpResponse {
    let figures = caller.context.app.metrics.render();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(figures)
}
