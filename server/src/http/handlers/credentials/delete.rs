use actix_web::{HttpResponse, web::Path};

use crate::{
    http::{ApiError, KeyHolder, responses::*},
    service::credentials,
};

/// Deletes a credential.
#[utoipa::path(
    delete,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "Credentials",
    responses((status = 204, description = "deleted"), KeyHolderErrors, CredentialNotFound),
)]
pub async fn delete(caller: KeyHolder, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (_, id) = path.into_inner();
    credentials::delete(&caller.context, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
