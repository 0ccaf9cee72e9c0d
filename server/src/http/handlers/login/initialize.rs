use actix_web::web::Json;
use doorward_shared::{
    ErrorBody,
    public::{LoginInitRequest, RequestOptions},
};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, Visitor, json, responses::*},
    service::{
        assertion::{self, LoginUser},
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
    let (context, user) = match json::object::<LoginInitRequest>(&body) {
        Ok(LoginInitRequest { user_id: None }) => (visitor.context, LoginUser::Discoverable),
        Ok(LoginInitRequest { user_id }) => {
            (visitor.into_key_holder().await?.context, LoginUser::Named(validate::user_id(user_id)))
        }
        Err(refusal) => (visitor.context, LoginUser::Named(Err(refusal))),
    };
    Ok(Json(assertion::initialize(&context, Ceremony::Login, user).await?))
}
