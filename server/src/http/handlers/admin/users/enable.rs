use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::UserIdKind;

use super::selector;
use crate::{
    http::{Administrator, ApiError, Query, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Enables a disabled user. Does nothing if the user is enabled.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}/disabled",
    tag = "Users",
    params(("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users")),
    responses(
        (status = 204, description = "enabled"),
        InvalidQuery,
        AdministratorErrors,
        UserNotFound,
        UserAmbiguous,
    ),
)]
pub async fn enable(
    caller: Administrator,
    path: Path<(String, String)>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let (tenant, user) = path.into_inner();
    let target = Target::User(selector::user(user, &query)?);
    disabling::enable(&caller.context, path_tenant(&tenant)?, target).await?;
    Ok(HttpResponse::NoContent().finish())
}
