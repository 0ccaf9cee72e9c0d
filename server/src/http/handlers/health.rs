//! Health checks for load balancers and supervisors.

use actix_web::{HttpResponse, web};
use doorward_shared::ErrorBody;

use crate::{
    app::App,
    http::{ApiError, Query},
    service::health,
};

/// Reports that the process is running.
#[utoipa::path(get, path = "/health/alive", tag = "Health", security(()),
    responses((status = 200, description = "`{\"alive\":true}`", body = Object)))]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "alive": true }))
}

/// Reports whether the process can serve requests. It can serve them if its database can be read and written, and it
/// has received no stop signal. The result is at most one second old. With `deep=1`, the check also fails if the latest
/// scheduled probe (setting `probe.every`) of any tenant failed.
#[utoipa::path(get, path = "/health/ready", tag = "Health", security(()),
    params(("deep" = Option<u8>, Query, minimum = 1, maximum = 1, description = "1: also checks the scheduled probes")),
    responses(
        (status = 200, description = "`{\"ready\":true}`", body = Object),
        (status = 400, description = "a wrong value of `deep`", body = ErrorBody),
        (status = 503, description = "the database does not respond, the server is stopping, or with `deep=1` a scheduled probe failed", body = ErrorBody),
    ))]
pub async fn ready(app: web::Data<App>, query: Query) -> Result<HttpResponse, ApiError> {
    let is_deep = match query.get("deep") {
        None => false,
        Some("1") => true,
        Some(_) => return Err(ApiError::query("deep must be 1")),
    };
    if app.is_stopping() {
        return Err(ApiError::stopping());
    }
    health::check_database(&app).await.map_err(ApiError::unavailable)?;
    if is_deep && health::has_failed_probe(&app) {
        return Err(ApiError::unavailable("a scheduled probe failed"));
    }
    Ok(HttpResponse::Ok().json(serde_json::json!({ "ready": true })))
}
