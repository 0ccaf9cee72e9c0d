use actix_web::web::{Json, Path};
use doorward_shared::admin::{UserDetail, UserIdKind};

use super::selector;
use crate::{
    http::{ApiError, Auditor, Query, path_tenant, responses::*},
    service::admin::users,
};

/// Returns a user with its credentials and transactions.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    params(("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users")),
    responses(
        (status = 200, description = "the user", body = UserDetail),
        InvalidQuery,
        AuditorErrors,
        UserNotFound,
        UserAmbiguous,
    ),
)]
pub async fn get(caller: Auditor, path: Path<(String, String)>, query: Query) -> Result<Json<UserDetail>, ApiError> {
    let (tenant, user) = path.into_inner();
    Ok(Json(users::get(&caller.context, path_tenant(&tenant)?, selector::user(user, &query)?).await?))
}
