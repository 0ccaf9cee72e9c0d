//! `/mds`.

use actix_web::web::Json;
use doorward_shared::admin::MetadataStatus;

use crate::{
    http::{ApiError, Auditor, responses::*},
    service::admin::metadata,
};

/// Returns the state of the FIDO metadata that `doorward mds import` imported.
#[utoipa::path(
    get,
    path = "/mds",
    tag = "Overview",
    responses((status = 200, description = "the state", body = MetadataStatus), AuditorErrors),
)]
pub async fn get(caller: Auditor) -> Result<Json<MetadataStatus>, ApiError> {
    Ok(Json(metadata::status(&caller.context).await?))
}
