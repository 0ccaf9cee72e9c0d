use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{Administrator, ApiError, IfMatch, parameters::StateVersionParams, path_tenant, responses::*},
    service::{
        Refusal,
        admin::disabling::{self, Target},
    },
};

/// Enables a disabled API key. Does nothing if the key is not disabled.
///
/// The header `ETag` is the new version of the key's state; it is absent if nothing changed. With an `If-Match` other
/// than `*`, a request that would change nothing is refused.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/api/{secret_id}/disabled",
    tag = "API keys",
    params(StateVersionParams),
    responses((status = 204, description = "enabled"), AdministratorErrors, SecretNotFound, StateChanged),
)]
pub async fn enable(
    caller: Administrator,
    path: Path<(String, String)>,
    if_match: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (tenant, key) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    let key = key.parse().map_err(|_| Refusal::SecretNotFound)?;
    let accepted = if_match.precondition()?;
    let version = disabling::set(&caller.context, tenant, Target::ApiKey(key), false, accepted).await?;
    Ok(state_response(version))
}
