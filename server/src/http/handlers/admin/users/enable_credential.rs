use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, admin::UserIdKind};

use super::selector;
use crate::{
    http::{Administrator, ApiError, Query, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Enables a disabled credential of a user. Does nothing if the credential is not disabled.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}/disabled",
    tag = "Users",
    params(("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users")),
    responses(
        (status = 204, description = "enabled"),
        InvalidQuery,
        UserAmbiguous,
        AdministratorErrors,
        (status = 404, description = "tenant not found; user not found; credential not found", body = ErrorBody),
    ),
)]
pub async fn enable_credential(
    caller: Administrator,
    path: Path<(String, String, String)>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let (tenant, user, credential) = path.into_inner();
    let target = Target::Credential(selector::user(user, &query)?, credential);
    disabling::enable(&caller.context, path_tenant(&tenant)?, target).await?;
    Ok(HttpResponse::NoContent().finish())
}
