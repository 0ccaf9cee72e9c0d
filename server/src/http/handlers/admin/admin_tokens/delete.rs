use actix_web::{HttpResponse, web::Path};
use doorward_shared::ErrorBody;

use crate::{
    http::{Administrator, ApiError, Query, pages, responses::*},
    service::{Refusal, admin::admin_tokens},
};

/// Revokes an admin token. The server rejects it from the next request on. The last usable token with the role `admin`
/// is revoked only with `force=true`.
#[utoipa::path(
    delete,
    path = "/admin_tokens/{secret_id}",
    tag = "Admin tokens",
    params(("force" = Option<bool>, Query, description = "revoke the token even if it is the last one with the role admin")),
    responses(
        (status = 204, description = "revoked"),
        AdministratorErrors,
        (status = 404, description = "secret not found", body = ErrorBody),
        (status = 409, description = "last token with the role admin", body = ErrorBody),
    ),
)]
pub async fn delete(caller: Administrator, path: Path<String>, query: Query) -> Result<HttpResponse, ApiError> {
    let force = pages::flag(&query, "force")?;
    let id = path.parse().map_err(|_| Refusal::SecretNotFound)?;
    admin_tokens::revoke(&caller.context, id, force).await?;
    Ok(HttpResponse::NoContent().finish())
}
