use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, IfMatch, parameters::StateVersionParams, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Enables a disabled tenant. Does nothing if the tenant is not disabled.
///
/// The header `ETag` is the new version of the tenant's state; it is absent if nothing changed. With an `If-Match`
/// other than `*`, a request that would change nothing is refused.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/disabled",
    tag = "Tenants",
    params(StateVersionParams),
    responses((status = 204, description = "enabled"), AdministratorErrors, TenantNotFound, StateChanged),
)]
pub async fn enable(caller: Administrator, path: Path<String>, if_match: IfMatch) -> Result<HttpResponse, ApiError> {
    let accepted = if_match.precondition()?;
    let version = disabling::set(&caller.context, path_tenant(&path)?, Target::Tenant, false, accepted).await?;
    Ok(state_response(version))
}
