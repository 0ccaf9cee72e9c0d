use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::{
        Refusal,
        admin::disabling::{self, Target},
    },
};

/// Disables an API key: from the next request on, it is rejected. Does nothing if it is already disabled.
#[utoipa::path(
    put,
    path = "/tenants/{tenant_id}/secrets/api/{secret_id}/disabled",
    tag = "API keys",
    responses((status = 204, description = "disabled"), AdministratorErrors, SecretNotFound),
)]
pub async fn disable(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, key) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    let key = key.parse().map_err(|_| Refusal::SecretNotFound)?;
    disabling::disable(&caller.context, tenant, Target::ApiKey(key)).await?;
    Ok(HttpResponse::NoContent().finish())
}
