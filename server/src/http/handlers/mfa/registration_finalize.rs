use actix_web::web::Json;
use doorward_shared::public::{RegistrationResponse, TokenResponse};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, KeyHolder, Operation, responses::*},
    service::registration,
};

/// Finishes the registration of a second factor.
///
/// Verifies the attestation response (WebAuthn §7.1), stores the credential and returns a token.
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/registration/finalize",
    tag = "MFA",
    request_body = RegistrationResponse,
    responses(
        (status = 200, description = "the credential is registered", body = TokenResponse),
        RegistrationErrors,
        KeyHolderErrors,
        TenantNotFound,
        CeremonyDisabled,
    ),
)]
pub async fn registration_finalize(caller: KeyHolder, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let token = registration::finalize(&caller.context, Ceremony::MfaRegistration, body.bytes()).await;
    token_response(Operation::RegistrationFinalize, token)
}
