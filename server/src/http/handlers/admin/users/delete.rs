use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, path_tenant, responses::*},
    service::admin::users,
};

/// Deletes a user with its credentials and transactions.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    responses((status = 204, description = "deleted"), AdministratorErrors, UserNotFound),
)]
pub async fn delete(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, user) = path.into_inner();
    users::delete(&caller.context, path_tenant(&tenant)?, &user).await?;
    Ok(HttpResponse::NoContent().finish())
}
