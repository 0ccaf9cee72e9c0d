use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::{Refusal, admin::api_keys},
};

/// Revokes an API key. The server rejects it from the next request on.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/api/{secret_id}",
    tag = "API keys",
    responses((status = 204, description = "revoked"), AdministratorErrors, SecretNotFound),
)]
pub async fn delete(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, key) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    let key = key.parse().map_err(|_| Refusal::SecretNotFound)?;
    api_keys::revoke(&caller.context, tenant, key).await?;
    Ok(HttpResponse::NoContent().finish())
}
