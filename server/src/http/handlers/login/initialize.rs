use actix_web::web::Json;
use doorward_shared::{
    ErrorBody,
    public::{LoginInitRequest, RequestOptions},
};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, Visitor, json, responses::*},
    service::{
        assertion::{self, LoginUser, RequestedExtras},
        validate,
    },
};

/// Starts a passkey login.
///
/// With `user_id` (API key required), only this user's passkeys are accepted. Without `user_id`, the passkey identifies
/// the user.
#[utoipa::path(
    post,
    path = "/{tenant_id}/login/initialize",
    tag = "Passkeys",
    request_body = LoginInitRequest,
    responses(
        (status = 200, description = "options for the browser", body = RequestOptions),
        NoSuitableCredential,
        (status = 401, description = "api key is missing; The api key is invalid; The api key is disabled", body = ErrorBody),
        UserNotFound,
        CeremonyDisabled,
    ),
    security((), ("apiKey" = [])),
)]
pub async fn initialize(visitor: Visitor, body: Body) -> Result<Json<RequestOptions>, ApiError> {
    let request = match json::object::<LoginInitRequest>(&body) {
        Ok(request) => request,
        Err(refusal) => {
            let user = LoginUser::Named(Err(refusal));
            let extras = RequestedExtras::default();
            return Ok(Json(assertion::initialize(&visitor.context, Ceremony::Login, user, extras).await?));
        }
    };
    let extras = RequestedExtras { hints: request.hints, extensions: request.extensions };
    let (context, user) = match request.user_id {
        None => (visitor.context, LoginUser::Discoverable),
        user_id => (visitor.into_key_holder().await?.context, LoginUser::Named(validate::user_id(user_id))),
    };
    Ok(Json(assertion::initialize(&context, Ceremony::Login, user, extras).await?))
}
