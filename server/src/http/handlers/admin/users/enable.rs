use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::UserIdKind;

use super::selector;
use crate::{
    http::{Administrator, ApiError, IfMatch, Query, parameters::StateVersionParams, path_tenant, responses::*},
    service::admin::disabling::{self, Target},
};

/// Enables a disabled user. Does nothing if the user is enabled.
///
/// The header `ETag` is the new version of the user's state; it is absent if nothing changed. With an `If-Match` other
/// than `*`, a request that would change nothing is refused.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}/disabled",
    tag = "Users",
    params(
        ("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users"),
        StateVersionParams,
    ),
    responses(
        (status = 204, description = "enabled"),
        InvalidQuery,
        AdministratorErrors,
        UserNotFound,
        UserAmbiguous,
        StateChanged,
    ),
)]
pub async fn enable(
    caller: Administrator,
    path: Path<(String, String)>,
    query: Query,
    if_match: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (tenant, user) = path.into_inner();
    let target = Target::User(selector::user(user, &query)?);
    let accepted = if_match.precondition()?;
    let version = disabling::set(&caller.context, path_tenant(&tenant)?, target, false, accepted).await?;
    Ok(state_response(version))
}
