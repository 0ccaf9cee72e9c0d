use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, IfMatch, path_tenant, responses::*},
    service::admin::tenants,
};

/// Deletes a tenant and all its data.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}",
    tag = "Tenants",
    params(("If-Match" = Option<String>, Header, description = "`ETag` of the tenant: refuses the deletion if it is stale")),
    responses((status = 204, description = "deleted"), AdministratorErrors, TenantNotFound, TenantChanged),
)]
pub async fn delete(caller: Administrator, path: Path<String>, if_match: IfMatch) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    tenants::require(&caller.context, tenant, if_match.precondition()?).await?;
    tenants::delete(&caller.context, tenant).await?;
    Ok(HttpResponse::NoContent().finish())
}
