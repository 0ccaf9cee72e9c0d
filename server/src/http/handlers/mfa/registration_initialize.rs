use actix_web::web::Json;
use doorward_shared::public::{CreationOptions, RegistrationInitRequest};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, KeyHolder, json, responses::*},
    service::registration,
};

/// Starts the registration of a second factor.
///
/// Returns the options for `navigator.credentials.create()` and creates the user if necessary.
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/registration/initialize",
    tag = "MFA",
    request_body = RegistrationInitRequest,
    responses(
        (status = 200, description = "options for the browser", body = CreationOptions),
        InvalidBody,
        KeyHolderErrors,
        TenantNotFound,
        CeremonyDisabled,
    ),
)]
pub async fn registration_initialize(caller: KeyHolder, body: Body) -> Result<Json<CreationOptions>, ApiError> {
    let request = json::object::<RegistrationInitRequest>(&body);
    Ok(Json(registration::initialize(&caller.context, Ceremony::MfaRegistration, request).await?))
}
