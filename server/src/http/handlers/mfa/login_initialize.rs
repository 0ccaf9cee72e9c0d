use actix_web::web::Json;
use doorward_shared::public::{MfaLoginInitRequest, RequestOptions};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, KeyHolder, json, responses::*},
    service::{
        assertion::{self, LoginUser, RequestedExtras},
        validate,
    },
};

/// Starts a second-factor login.
///
/// The options list the user's second factors and passkeys. With `min_acr`, they list only credentials that can reach
/// this level of assurance, and a login with a lower level is refused.
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
    let (user, extras) = match json::object::<MfaLoginInitRequest>(&body) {
        Ok(MfaLoginInitRequest { user_id, hints, extensions, min_acr }) => {
            let extras = RequestedExtras { hints, extensions, min_acr };
            (validate::user_id(user_id), extras)
        }
        Err(refusal) => (Err(refusal), RequestedExtras::default()),
    };
    Ok(Json(assertion::initialize(&caller.context, Ceremony::MfaLogin, LoginUser::Named(user), extras).await?))
}
