//! Ends the registration of a second factor.

use actix_web::web::Json;
use doorward_shared::{
    ErrorBody, TenantId,
    public::{RegistrationResponse, TokenResponse},
};

use crate::{
    domain::Ceremony,
    http::{
        ApiError, Operation,
        extract::{Body, KeyHolder},
    },
    service::registration,
};

/// Ends the registration of a second factor.
///
/// Verifies what the authenticator made (WebAuthn §7.1), stores the credential and answers a token.
#[utoipa::path(
    post,
    path = "/{tenant_id}/mfa/registration/finalize",
    tag = "MFA",
    params(("tenant_id" = TenantId, Path, description = "the tenant")),
    request_body = RegistrationResponse,
    responses(
        (status = 200, description = "the credential is registered", body = TokenResponse),
        (status = 400, description = "unable to parse credential creation response; received challenge does not match with any stored one; failed to validate attestation", body = ErrorBody),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
        (status = 409, description = "credential already registered", body = ErrorBody),
        (status = 422, description = "failed to validate attestation: user verification is required", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn finalize(caller: KeyHolder, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let token = registration::finalize(&caller.call, Ceremony::MfaRegistration, body.bytes()).await;
    token
        .map(|token| Json(TokenResponse { token }))
        .map_err(|failure| ApiError::of(Operation::RegistrationFinalize, failure))
}
