use actix_web::web::Json;
use doorward_shared::public::{RegistrationResponse, TokenResponse};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, Operation, Visitor, responses::*},
    service::registration,
};

/// Finishes the registration of a passkey.
///
/// Verifies the attestation response (WebAuthn §7.1), stores the credential and returns a token.
#[utoipa::path(
    post,
    path = "/{tenant_id}/registration/finalize",
    tag = "Passkeys",
    request_body = RegistrationResponse,
    responses(
        (status = 200, description = "the credential is registered", body = TokenResponse),
        RegistrationErrors,
        TenantNotFound,
        CeremonyDisabled,
    ),
    security((), ("apiKey" = [])),
)]
pub async fn finalize(caller: Visitor, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let token = registration::finalize(&caller.context, Ceremony::Registration, body.bytes()).await;
    token_response(Operation::RegistrationFinalize, token)
}
