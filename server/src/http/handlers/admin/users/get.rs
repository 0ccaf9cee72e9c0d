use actix_web::web::{Json, Path};
use doorward_shared::{TenantId, admin::UserDetail};

use crate::{
    http::{ApiError, Auditor, path_tenant, responses::*},
    service::admin::users,
};

/// Returns a user with its credentials and transactions.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("user_id" = String, Path, description = "Doorward's id of the user, or the tenant's own id"),
    ),
    responses((status = 200, description = "the user", body = UserDetail), AuditorErrors, UserNotFound),
    security(("adminToken" = [])),
)]
pub async fn get(caller: Auditor, path: Path<(String, String)>) -> Result<Json<UserDetail>, ApiError> {
    let (tenant, user) = path.into_inner();
    Ok(Json(users::get(&caller.call, path_tenant(&tenant)?, &user).await?))
}
