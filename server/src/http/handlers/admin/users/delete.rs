use actix_web::{HttpResponse, web::Path};
use doorward_shared::TenantId;

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::admin::users,
};

/// Deletes a user with its credentials and transactions.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("user_id" = String, Path, description = "Doorward's id of the user, or the tenant's own id"),
    ),
    responses((status = 204, description = "deleted"), AdministratorErrors, UserNotFound),
    security(("adminToken" = [])),
)]
pub async fn delete(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, user) = path.into_inner();
    users::delete(&caller.call, path_tenant(&tenant)?, &user).await?;
    Ok(HttpResponse::NoContent().finish())
}
