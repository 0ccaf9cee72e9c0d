use actix_web::{HttpResponse, web::Path};
use doorward_shared::config::TenantConfig;

use crate::{
    http::{Administrator, ApiError, Body, IfMatch, json, parameters::TenantVersionParams, path_tenant, responses::*},
    service::admin::tenants,
};

/// Replaces a tenant's configuration. Some settings keep their current values if they are omitted; their descriptions
/// say so. The header `ETag` is the tenant's new version.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}/config",
    tag = "Tenants",
    params(TenantVersionParams),
    request_body = TenantConfig,
    responses((status = 204, description = "replaced"), InvalidBody, TenantChangeErrors),
)]
pub async fn put(
    caller: Administrator,
    path: Path<String>,
    if_match: IfMatch,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let config = json::config(&body)?;
    let version = tenants::configure(&caller.context, tenant, if_match.precondition()?, config).await?;
    Ok(HttpResponse::NoContent().insert_header(etag(&version)).finish())
}
