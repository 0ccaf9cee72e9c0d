use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, IfMatch, parameters::StateVersionParams, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Disables a tenant: its endpoints, except the JWKS and the related origins, return 403. Does nothing if the tenant is
/// already disabled.
///
/// The header `ETag` is the new version of the tenant's state; it is absent if nothing changed. With an `If-Match`
/// other than `*`, a request that would change nothing is refused.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}/disabled",
    tag = "Tenants",
    params(StateVersionParams),
    responses((status = 204, description = "disabled"), AdministratorErrors, TenantNotFound, StateChanged),
)]
pub async fn disable(caller: Administrator, path: Path<String>, if_match: IfMatch) -> Result<HttpResponse, ApiError> {
    let accepted = if_match.precondition()?;
    let version = disabling::set(&caller.context, path_tenant(&path)?, Target::Tenant, true, accepted).await?;
    Ok(state_response(version))
}
