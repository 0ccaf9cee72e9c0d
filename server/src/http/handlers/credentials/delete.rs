//! Deletes a credential.

use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, TenantId};

use crate::{
    http::{ApiError, Operation, extract::KeyHolder},
    service::credentials,
};

/// Deletes a credential.
#[utoipa::path(
    delete,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "Credentials",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("credential_id" = String, Path, description = "the credential's id, base64url"),
    ),
    responses(
        (status = 204, description = "deleted"),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; credential with id '…' not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn delete(caller: KeyHolder, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (_, id) = path.into_inner();
    let deleted = credentials::delete(&caller.call, &id).await;
    deleted.map(|()| HttpResponse::NoContent().finish()).map_err(|failure| ApiError::of(Operation::Other, failure))
}
