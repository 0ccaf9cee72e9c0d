use actix_web::{HttpResponse, web::Path};
use doorward_shared::ErrorBody;

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::{Refusal, admin::signing_keys},
};

/// Retires a signing key. It stays published until the tokens that it signed have expired.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/jwk/{secret_id}",
    tag = "Signing keys",
    responses(
        (status = 204, description = "retired"),
        AdministratorErrors,
        SecretNotFound,
        (status = 409, description = "secret is in use", body = ErrorBody),
    ),
)]
pub async fn delete(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, key) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    let key = key.parse().map_err(|_| Refusal::SecretNotFound)?;
    signing_keys::retire(&caller.context, tenant, key).await?;
    Ok(HttpResponse::NoContent().finish())
}
