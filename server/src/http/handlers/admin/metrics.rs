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
    let app = &caller.context.app;
    if let Some(bytes) = app.db.wal_bytes() {
        app.metrics.wal_bytes(bytes);
    }
    let figures = app.metrics.render();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(figures)
}
