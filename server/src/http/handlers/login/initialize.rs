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
/// the user. With `min_acr` (API key required), a login with a lower level of assurance is refused.
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
    let LoginInitRequest { user_id, hints, extensions, min_acr } = request;
    let (context, user) = match user_id {
        None if min_acr.is_none() => (visitor.context, LoginUser::Discoverable),
        None => (visitor.into_key_holder_for("min_acr").await?.context, LoginUser::Discoverable),
        user_id => (visitor.into_key_holder().await?.context, LoginUser::Named(validate::user_id(user_id))),
    };
    let extras = RequestedExtras { hints, extensions, min_acr };
    Ok(Json(assertion::initialize(&context, Ceremony::Login, user, extras).await?))
}
