//! Renames a credential.

use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, TenantId, public::CredentialPatch};

use crate::{
    http::{
        ApiError, Operation,
        extract::{Body, KeyHolder},
        json,
    },
    service::credentials,
};

/// Renames a credential.
#[utoipa::path(
    patch,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "Credentials",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("credential_id" = String, Path, description = "the credential's id, base64url"),
    ),
    request_body = CredentialPatch,
    responses(
        (status = 204, description = "renamed"),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; credential with id '…' not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn patch(caller: KeyHolder, path: Path<(String, String)>, body: Body) -> Result<HttpResponse, ApiError> {
    let (_, id) = path.into_inner();
    let renamed = credentials::rename(&caller.call, &id, json::object::<CredentialPatch>(&body)).await;
    renamed.map(|()| HttpResponse::NoContent().finish()).map_err(|failure| ApiError::of(Operation::Other, failure))
}
