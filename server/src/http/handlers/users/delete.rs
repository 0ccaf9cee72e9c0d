use actix_web::{HttpResponse, web::Path};
use doorward_shared::ErrorBody;

use crate::{
    http::{ApiError, KeyHolder, responses::*},
    service::users,
};

/// Deletes a user with all credentials and transactions. Pending ceremonies of the user can no longer be finalized. The
/// user's audit entries remain.
#[utoipa::path(
    delete,
    path = "/{tenant_id}/users/{user_id}",
    tag = "Users",
    params(("user_id" = String, Path, description = "user id: the application's own id for the user")),
    responses(
        (status = 204, description = "deleted"),
        KeyHolderErrors,
        (status = 404, description = "user not found", body = ErrorBody),
    ),
)]
pub async fn delete(caller: KeyHolder, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (_, user_id) = path.into_inner();
    users::delete(&caller.context, &user_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
