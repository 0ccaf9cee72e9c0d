use actix_web::web::Json;
use doorward_shared::{ErrorBody, admin::ConfigCheck, config::TenantConfig};

use crate::{
    http::{ApiError, Auditor, Body, json, responses::*},
    service::Refusal,
};

/// Validates a configuration and returns every problem found. Changes nothing.
#[utoipa::path(
    post,
    path = "/config/check",
    tag = "Tenants",
    request_body = TenantConfig,
    responses(
        (status = 200, description = "the problems; an empty list means that the configuration is valid", body = ConfigCheck),
        (status = 400, description = "unable to process request", body = ErrorBody),
        AuditorErrors,
    ),
)]
pub async fn check(_caller: Auditor, body: Body) -> Result<Json<ConfigCheck>, ApiError> {
    match json::config(&body) {
        Ok(_) => Ok(Json(ConfigCheck::default())),
        Err(Refusal::Config(problems)) => Ok(Json(ConfigCheck { problems })),
        Err(refusal) => Err(refusal.into()),
    }
}
