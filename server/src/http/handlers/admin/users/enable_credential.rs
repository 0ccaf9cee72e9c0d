use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, admin::UserIdKind};

use super::selector;
use crate::{
    http::{Administrator, ApiError, IfMatch, Query, parameters::StateVersionParams, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Enables a disabled credential of a user. Does nothing if the credential is not disabled.
///
/// The header `ETag` is the new version of the credential's state; it is absent if nothing changed. With an `If-Match`
/// other than `*`, a request that would change nothing is refused.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}/disabled",
    tag = "Users",
    params(
        ("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users"),
        StateVersionParams,
    ),
    responses(
        (status = 204, description = "enabled"),
        InvalidQuery,
        UserAmbiguous,
        AdministratorErrors,
        (status = 404, description = "tenant not found; user not found; credential not found", body = ErrorBody),
        StateChanged,
    ),
)]
pub async fn enable_credential(
    caller: Administrator,
    path: Path<(String, String, String)>,
    query: Query,
    if_match: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (tenant, user, credential) = path.into_inner();
    let target = Target::Credential(selector::user(user, &query)?, credential);
    let accepted = if_match.precondition()?;
    let version = disabling::set(&caller.context, path_tenant(&tenant)?, target, false, accepted).await?;
    Ok(state_response(version))
}
