//! One credential.

use actix_web::web::{Json, Path};
use doorward_shared::{ErrorBody, TenantId, public::CredentialItem};

use crate::{
    http::{ApiError, Operation, extract::KeyHolder},
    service::credentials,
};

/// One credential.
#[utoipa::path(
    get,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "Credentials",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("credential_id" = String, Path, description = "the credential's id, base64url"),
    ),
    responses(
        (status = 200, description = "the credential", body = CredentialItem),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; credential with id '…' not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn get(caller: KeyHolder, path: Path<(String, String)>) -> Result<Json<CredentialItem>, ApiError> {
    let (_, id) = path.into_inner();
    let found = credentials::get(&caller.call, &id).await;
    caller.recorded(found.map(Json).map_err(|failure| ApiError::of(Operation::Other, failure))).await
}
