use actix_web::web::{Json, Path};
use doorward_shared::admin::CryptoRadar;

use crate::{
    http::{ApiError, Auditor, path_tenant, responses::*},
    service::admin::trust,
};

/// Returns the number of a tenant's credentials by algorithm, and the number of users who are ready for stricter
/// requirements.
///
/// The request reads the stored properties of all credentials of the tenant twice. For a million credentials, this
/// takes 1.5 to 3 s of CPU time.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/radar",
    tag = "Tenants",
    responses(
        (status = 200, description = "algorithms and ready users", body = CryptoRadar),
        AuditorErrors,
        TenantNotFound,
    ),
)]
pub async fn radar(caller: Auditor, path: Path<String>) -> Result<Json<CryptoRadar>, ApiError> {
    let tenant = path_tenant(&path)?;
    Ok(Json(trust::radar(&caller.context, tenant).await?))
}
