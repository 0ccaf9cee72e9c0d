use actix_web::web::Json;
use doorward_shared::public::{MfaLoginInitRequest, RequestOptions};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, KeyHolder, json, responses::*},
    service::{
        assertion::{self, LoginUser},
        validate,
    },
};

/// Starts a second-factor login.
///
/// The options list the user's second factors and passkeys.
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/login/initialize",
    tag = "MFA",
    request_body = MfaLoginInitRequest,
    responses(
        (status = 200, description = "options for the browser", body = RequestOptions),
        NoSuitableCredential,
        KeyHolderErrors,
        UserNotFound,
        CeremonyDisabled,
    ),
)]
pub async fn login_initialize(caller: KeyHolder, body: Body) -> Result<Json<RequestOptions>, ApiError> {
    let user = json::object::<MfaLoginInitRequest>(&body).and_then(|request| validate::user_id(request.user_id));
    Ok(Json(assertion::initialize(&caller.context, Ceremony::MfaLogin, LoginUser::Named(user)).await?))
}
