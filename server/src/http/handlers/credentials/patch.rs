use actix_web::{HttpResponse, web::Path};
use doorward_shared::public::CredentialPatch;

use crate::{
    http::{ApiError, Body, KeyHolder, json, responses::*},
    service::credentials,
};

/// Renames a credential.
#[utoipa::path(
    patch,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "Credentials",
    request_body = CredentialPatch,
    responses((status = 204, description = "renamed"), InvalidBody, KeyHolderErrors, CredentialNotFound),
)]
pub async fn patch(caller: KeyHolder, path: Path<(String, String)>, body: Body) -> Result<HttpResponse, ApiError> {
    let (_, id) = path.into_inner();
    credentials::rename(&caller.context, &id, json::object::<CredentialPatch>(&body)).await?;
    Ok(HttpResponse::NoContent().finish())
}
