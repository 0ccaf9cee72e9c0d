use actix_web::web::Json;
use doorward_shared::{
    ErrorBody,
    public::{AuthenticationResponse, TokenResponse},
};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, KeyHolder, Operation, responses::*},
    service::assertion,
};

/// Finishes a second-factor login.
///
/// Verifies the assertion (WebAuthn §7.2), consumes the challenge and returns a token.
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/login/finalize",
    tag = "MFA",
    request_body = AuthenticationResponse,
    responses(
        (status = 200, description = "the assertion is valid", body = TokenResponse),
        (status = 400, description = "unable to finish login", body = ErrorBody),
        AssertionRejected,
        TenantNotFound,
        CeremonyDisabled,
    ),
)]
pub async fn login_finalize(caller: KeyHolder, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let token = assertion::finalize(&caller.context, Ceremony::MfaLogin, body.bytes()).await;
    token_response(Operation::LoginFinalize, token)
}
