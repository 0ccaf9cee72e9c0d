use actix_web::web::Json;
use doorward_shared::{
    ErrorBody,
    public::{AuthenticationResponse, TokenResponse},
};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, Operation, Visitor, responses::*},
    service::assertion,
};

/// Finishes a passkey login.
///
/// Verifies the assertion (WebAuthn §7.2), consumes the challenge and returns a token.
#[utoipa::path(
    post,
    path = "/{tenant_id}/login/finalize",
    tag = "Passkeys",
    request_body = AuthenticationResponse,
    responses(
        (status = 200, description = "the assertion is valid", body = TokenResponse),
        (status = 400, description = "unable to finish login", body = ErrorBody),
        (status = 401, description = "failed to get session data; failed to get user handle; failed to validate assertion", body = ErrorBody),
        TenantNotFound,
        CeremonyDisabled,
    ),
    security((), ("apiKey" = [])),
)]
pub async fn finalize(caller: Visitor, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let token = assertion::finalize(&caller.context, Ceremony::Login, body.bytes()).await;
    token_response(Operation::LoginFinalize, token)
}
