use actix_web::web::{Json, Path};
use doorward_shared::public::CredentialItem;

use crate::{
    http::{ApiError, KeyHolder, responses::*},
    service::credentials,
};

/// Returns a credential.
#[utoipa::path(
    get,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "Credentials",
    responses((status = 200, description = "the credential", body = CredentialItem), KeyHolderErrors, CredentialNotFound),
)]
pub async fn get(caller: KeyHolder, path: Path<(String, String)>) -> Result<Json<CredentialItem>, ApiError> {
    let (_, id) = path.into_inner();
    let found = credentials::get(&caller.context, &id).await;
    caller.recorded(found.map(Json).map_err(ApiError::from)).await
}
