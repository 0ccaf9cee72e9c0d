//! `/admin_tokens`.

use actix_web::{
    HttpResponse,
    web::{Json, Path},
};
use doorward_shared::{
    ErrorBody,
    admin::{AdminTokenItem, CreateAdminTokenRequest, CreatedSecret},
};

use super::{failed, refused};
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Auditor, Body},
        json,
    },
    service::{Refusal, admin::admin_tokens},
};

/// The admin tokens, without their secrets.
#[utoipa::path(
    get,
    path = "/admin_tokens",
    tag = "Admin tokens",
    responses(
        (status = 200, description = "the tokens", body = [AdminTokenItem]),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn list(caller: Auditor) -> Result<Json<Vec<AdminTokenItem>>, ApiError> {
    admin_tokens::list(&caller.call).await.map(Json).map_err(failed)
}

/// Creates an admin token. Its secret is answered only here.
#[utoipa::path(
    post,
    path = "/admin_tokens",
    tag = "Admin tokens",
    request_body = CreateAdminTokenRequest,
    responses(
        (status = 201, description = "created", body = CreatedSecret),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 409, description = "the name is taken", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn create(caller: Administrator, body: Body) -> Result<HttpResponse, ApiError> {
    let request = json::object::<CreateAdminTokenRequest>(&body).map_err(refused)?;
    let created = admin_tokens::create(&caller.call, request).await.map_err(failed)?;
    Ok(HttpResponse::Created().json(created))
}

/// Revokes an admin token: the next request that carries it is refused.
#[utoipa::path(
    delete,
    path = "/admin_tokens/{secret_id}",
    tag = "Admin tokens",
    params(
        ("secret_id" = String, Path, description = "the token"),
    ),
    responses(
        (status = 204, description = "revoked"),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "secret not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn revoke(caller: Administrator, path: Path<String>) -> Result<HttpResponse, ApiError> {
    let id = path.parse().map_err(|_| refused(Refusal::SecretNotFound))?;
    admin_tokens::revoke(&caller.call, id).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}
