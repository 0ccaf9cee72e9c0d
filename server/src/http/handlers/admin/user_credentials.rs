//! `/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}`.

use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, TenantId};

use super::failed;
use crate::{
    http::{
        ApiError,
        extract::{Administrator, path_tenant},
    },
    service::admin::users,
};

/// Deletes one of a user's credentials: it ends no ceremony any more.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}",
    tag = "Users",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("user_id" = String, Path, description = "Doorward's id of the user, or the tenant's own"),
        ("credential_id" = String, Path, description = "the credential, base64url"),
    ),
    responses(
        (status = 204, description = "deleted"),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found; user not found; credential not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn delete(caller: Administrator, path: Path<(String, String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, user, credential) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    users::delete_credential(&caller.call, tenant, &user, &credential).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}
