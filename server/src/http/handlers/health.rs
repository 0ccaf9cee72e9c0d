//! Health checks for load balancers and supervisors.

use actix_web::{HttpResponse, web};
use doorward_shared::ErrorBody;

use crate::{app::App, http::ApiError, service::health};

/// Reports that the process is running.
#[utoipa::path(get, path = "/health/alive", tag = "Health", security(()),
    responses((status = 200, description = "`{\"alive\":true}`", body = Object)))]
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "alive": true }))
}

/// Reports whether the process can serve requests, which requires that its database responds. The result is at most one second old.
#[utoipa::path(get, path = "/health/ready", tag = "Health", security(()),
    responses(
        (status = 200, description = "`{\"ready\":true}`", body = Object),
        (status = 503, description = "the database does not respond", body = ErrorBody),
    ))]
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    health::readiness(&app).await.map_err(ApiError::unavailable)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "ready": true })))
}
