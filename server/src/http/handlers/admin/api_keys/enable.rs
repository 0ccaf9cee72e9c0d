use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::{
        Refusal,
        admin::disabling::{self, Target},
    },
};

/// Enables a disabled API key. Does nothing if the key is not disabled.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/api/{secret_id}/disabled",
    tag = "API keys",
    responses((status = 204, description = "enabled"), AdministratorErrors, SecretNotFound),
)]
pub async fn enable(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, key) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    let key = key.parse().map_err(|_| Refusal::SecretNotFound)?;
    disabling::enable(&caller.context, tenant, Target::ApiKey(key)).await?;
    Ok(HttpResponse::NoContent().finish())
}
