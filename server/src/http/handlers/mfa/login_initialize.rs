//! Starts a second-factor login.

use actix_web::web::Json;
use doorward_shared::{
    ErrorBody, TenantId,
    public::{MfaLoginInitRequest, RequestOptions},
};

use crate::{
    domain::Ceremony,
    http::{
        ApiError, Operation,
        extract::{Body, KeyHolder},
        json,
    },
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
    params(("tenant_id" = TenantId, Path, description = "the tenant")),
    request_body = MfaLoginInitRequest,
    responses(
        (status = 200, description = "options for the browser", body = RequestOptions),
        (status = 400, description = "unable to process request; user has no suitable credentials for this operation", body = ErrorBody),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; user not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn initialize(caller: KeyHolder, body: Body) -> Result<Json<RequestOptions>, ApiError> {
    let user = json::object::<MfaLoginInitRequest>(&body).and_then(|request| validate::user_id(request.user_id));
    let options = assertion::initialize(&caller.call, Ceremony::MfaLogin, LoginUser::Named(user)).await;
    options.map(Json).map_err(|failure| ApiError::of(Operation::Other, failure))
}
