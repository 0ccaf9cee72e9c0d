use actix_web::web::{Json, Path};
use doorward_shared::admin::SigningKeyItem;

use crate::{
    http::{ApiError, Auditor, path_tenant, responses::*},
    service::admin::signing_keys,
};

/// Lists a tenant's signing keys, without their private parts.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/secrets/jwk",
    tag = "Signing keys",
    responses((status = 200, description = "the keys", body = [SigningKeyItem]), AuditorErrors, TenantNotFound),
)]
pub async fn list(caller: Auditor, path: Path<String>) -> Result<Json<Vec<SigningKeyItem>>, ApiError> {
    Ok(Json(signing_keys::list(&caller.context, path_tenant(&path)?).await?))
}
