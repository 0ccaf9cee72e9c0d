//! Starts a passkey login.

use actix_web::web::Json;
use doorward_shared::{
    ErrorBody, TenantId,
    public::{LoginInitRequest, RequestOptions},
};

use crate::{
    domain::Ceremony,
    http::{
        ApiError, Operation,
        extract::{Body, Visitor},
        json,
    },
    service::{
        assertion::{self, LoginUser},
        validate,
    },
};

/// Starts a passkey login.
///
/// With `user_id`, for that user, and only with the API key; without it, for whoever the passkey belongs to.
#[utoipa::path(
    post,
    path = "/{tenant_id}/login/initialize",
    tag = "Passkeys",
    params(("tenant_id" = TenantId, Path, description = "the tenant")),
    request_body = LoginInitRequest,
    responses(
        (status = 200, description = "options for the browser", body = RequestOptions),
        (status = 400, description = "unable to process request; user has no suitable credentials for this operation", body = ErrorBody),
        (status = 401, description = "api key is missing; The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; user not found", body = ErrorBody),
    ),
    security((), ("apiKey" = [])),
)]
pub async fn initialize(visitor: Visitor, body: Body) -> Result<Json<RequestOptions>, ApiError> {
    let (call, user) = match json::object::<LoginInitRequest>(&body) {
        Ok(LoginInitRequest { user_id: None }) => (visitor.call, LoginUser::Discoverable),
        Ok(LoginInitRequest { user_id }) => {
            (visitor.into_key_holder().await?.call, LoginUser::Named(validate::user_id(user_id)))
        }
        Err(refusal) => (visitor.call, LoginUser::Named(Err(refusal))),
    };
    let options = assertion::initialize(&call, Ceremony::Login, user).await;
    options.map(Json).map_err(|failure| ApiError::of(Operation::Other, failure))
}
