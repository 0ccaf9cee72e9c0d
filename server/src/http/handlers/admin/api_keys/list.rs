use actix_web::web::{Json, Path};
use doorward_shared::admin::SecretItem;

use crate::{
    http::{ApiError, Auditor, path_tenant, responses::*},
    service::admin::api_keys,
};

/// Lists a tenant's API keys, without their secrets.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/secrets/api",
    tag = "API keys",
    responses((status = 200, description = "the keys", body = [SecretItem]), AuditorErrors, TenantNotFound),
)]
pub async fn list(caller: Auditor, path: Path<String>) -> Result<Json<Vec<SecretItem>>, ApiError> {
    Ok(Json(api_keys::list(&caller.context, path_tenant(&path)?).await?))
}
