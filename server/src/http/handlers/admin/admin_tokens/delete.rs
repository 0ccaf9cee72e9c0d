use actix_web::{HttpResponse, web::Path};
use doorward_shared::ErrorBody;

use crate::{
    http::{Administrator, ApiError, responses::*},
    service::{Refusal, admin::admin_tokens},
};

/// Revokes an admin token. The server rejects it from the next request on.
#[utoipa::path(
    delete,
    path = "/admin_tokens/{secret_id}",
    tag = "Admin tokens",
    responses(
        (status = 204, description = "revoked"),
        AdministratorErrors,
        (status = 404, description = "secret not found", body = ErrorBody),
    ),
)]
pub async fn delete(caller: Administrator, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let id = path.parse().map_err(|_| Refusal::SecretNotFound)?;
    admin_tokens::revoke(&caller.context, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
