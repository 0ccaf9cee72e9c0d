use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::UserIdKind;

use super::selector;
use crate::{
    http::{Administrator, ApiError, Query, path_tenant, responses::*},
    service::admin::users,
};

/// Deletes a user with its credentials and transactions.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    params(("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users")),
    responses(
        (status = 204, description = "deleted"),
        InvalidQuery,
        AdministratorErrors,
        UserNotFound,
        UserAmbiguous,
    ),
)]
pub async fn delete(
    caller: Administrator,
    path: Path<(String, String)>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let (tenant, user) = path.into_inner();
    users::delete(&caller.context, path_tenant(&tenant)?, selector::user(user, &query)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
