//! Ends a second-factor login.

use actix_web::web::Json;
use doorward_shared::{
    ErrorBody, TenantId,
    public::{AuthenticationResponse, TokenResponse},
};

use crate::{
    domain::Ceremony,
    http::{
        ApiError, Operation,
        extract::{Body, KeyHolder},
    },
    service::assertion,
};

/// Ends a second-factor login.
///
/// Verifies what the authenticator signed (WebAuthn §7.2), uses up the challenge and answers a token.
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/login/finalize",
    tag = "MFA",
    params(("tenant_id" = TenantId, Path, description = "the tenant")),
    request_body = AuthenticationResponse,
    responses(
        (status = 200, description = "the assertion is valid", body = TokenResponse),
        (status = 400, description = "unable to finish login", body = ErrorBody),
        (status = 401, description = "The api key is invalid; failed to get session data; failed to get user handle; failed to validate assertion", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn finalize(caller: KeyHolder, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let token = assertion::finalize(&caller.call, Ceremony::MfaLogin, body.bytes()).await;
    token.map(|token| Json(TokenResponse { token })).map_err(|failure| ApiError::of(Operation::LoginFinalize, failure))
}
