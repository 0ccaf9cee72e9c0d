//! `/metrics`.

use actix_web::HttpResponse;

use crate::{
    http::{MetricsReader, responses::*},
    service::scrape,
};

/// Returns the server's metrics in the text format of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Health",
    responses((status = 200, description = "the metrics", body = String, content_type = "text/plain"), AuditorErrors),
)]
pub async fn metrics(caller: MetricsReader) -> HttpResponse {
    let figures = scrape::metrics(&caller.context.app).await;
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(figures)
}
