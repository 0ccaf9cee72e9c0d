use actix_web::web::Json;
use doorward_shared::admin::AdminTokenItem;

use crate::{
    http::{ApiError, Auditor, responses::*},
    service::admin::admin_tokens,
};

/// Lists the admin tokens, without their secrets.
#[utoipa::path(
    get,
    path = "/admin_tokens",
    tag = "Admin tokens",
    responses((status = 200, description = "the tokens", body = [AdminTokenItem]), AuditorErrors),
)]
pub async fn list(caller: Auditor) -> Result<Json<Vec<AdminTokenItem>>, ApiError> {
    Ok(Json(admin_tokens::list(&caller.context).await?))
}
