//! Starts the registration of a passkey.

use actix_web::web::Json;
use doorward_shared::{
    ErrorBody, TenantId,
    public::{CreationOptions, RegistrationInitRequest},
};

use crate::{
    domain::Ceremony,
    http::{
        ApiError, Operation,
        extract::{Body, KeyHolder},
        json,
    },
    service::registration,
};

/// Starts the registration of a passkey.
///
/// Answers the options for `navigator.credentials.create()`; the user is created if need be.
#[utoipa::path(
    post,
    path = "/{tenant_id}/registration/initialize",
    tag = "Passkeys",
    params(("tenant_id" = TenantId, Path, description = "the tenant")),
    request_body = RegistrationInitRequest,
    responses(
        (status = 200, description = "options for the browser", body = CreationOptions),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn initialize(caller: KeyHolder, body: Body) -> Result<Json<CreationOptions>, ApiError> {
    let request = json::object::<RegistrationInitRequest>(&body);
    let options = registration::initialize(&caller.call, Ceremony::Registration, request).await;
    options.map(Json).map_err(|failure| ApiError::of(Operation::Other, failure))
}
