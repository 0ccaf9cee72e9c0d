use actix_web::web::{Json, Path};
use doorward_shared::admin::UserDetail;

use crate::{
    http::{ApiError, Auditor, path_tenant, responses::*},
    service::admin::users,
};

/// Returns a user with its credentials and transactions.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    responses((status = 200, description = "the user", body = UserDetail), AuditorErrors, UserNotFound),
)]
pub async fn get(caller: Auditor, path: Path<(String, String)>) -> Result<Json<UserDetail>, ApiError> {
    let (tenant, user) = path.into_inner();
    Ok(Json(users::get(&caller.context, path_tenant(&tenant)?, &user).await?))
}
