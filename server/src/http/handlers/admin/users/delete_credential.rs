use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, admin::UserIdKind};

use super::selector;
use crate::{
    http::{Administrator, ApiError, Query, path_tenant, responses::*},
    service::admin::users,
};

/// Deletes one credential of a user. No ceremony accepts the credential afterwards.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}",
    tag = "Users",
    params(("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users")),
    responses(
        (status = 204, description = "deleted"),
        InvalidQuery,
        UserAmbiguous,
        AdministratorErrors,
        (status = 404, description = "tenant not found; user not found; credential not found", body = ErrorBody),
    ),
)]
pub async fn delete_credential(
    caller: Administrator,
    path: Path<(String, String, String)>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let (tenant, user, credential) = path.into_inner();
    let user = selector::user(user, &query)?;
    users::delete_credential(&caller.context, path_tenant(&tenant)?, user, &credential).await?;
    Ok(HttpResponse::NoContent().finish())
}
