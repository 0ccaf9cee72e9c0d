use actix_web::{HttpResponse, web::Path};
use doorward_shared::public::UserSignals;

use crate::{
    http::{ApiError, KeyHolder, responses::*},
    service::users,
};

/// Returns the signals about a user.
///
/// In the browser of this user, the tenant's page passes the signals to
/// `PublicKeyCredential.signalAllAcceptedCredentials()` and `signalCurrentUserDetails()`. Authenticators then delete or
/// hide passkeys that are no longer registered, and show the user's current names. The ids of accepted credentials
/// include those of second factors and disabled credentials.
#[utoipa::path(
    get,
    path = "/{tenant_id}/users/{user_id}/signals",
    tag = "Users",
    params(("user_id" = String, Path, description = "user id: the application's own id for the user")),
    responses(
        (status = 200, description = "arguments of the signal methods", body = UserSignals),
        KeyHolderErrors,
        UserNotFound,
    ),
)]
pub async fn signals(caller: KeyHolder, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (_, user_id) = path.into_inner();
    let found = users::signals(&caller.context, user_id).await;
    Ok(HttpResponse::Ok().json(caller.recorded(found.map_err(ApiError::from)).await?))
}
