//! Responses that several operations share. Handlers and the OpenAPI documents use them.
//!
//! The description of an error response lists the titles (see `error.rs`) that clients can get with its status.

use actix_web::{
    HttpResponse,
    http::header::{self, HeaderName},
    web::Json,
};
use doorward_shared::{ErrorBody, public::TokenResponse};
use utoipa::IntoResponses;

use super::{ApiError, Operation};
use crate::service::{
    ServiceError,
    admin::{StateVersion, TenantVersion},
};

/// Errors of operations that require the tenant's API key.
#[derive(IntoResponses)]
pub enum KeyHolderErrors {
    /// The api key is invalid; The api key is disabled
    #[response(status = 401)]
    ApiKey(ErrorBody),
    /// tenant is disabled
    #[response(status = 403)]
    TenantDisabled(ErrorBody),
}

/// Errors of operations that require an admin token of any role, or of the role `auditor`.
#[derive(IntoResponses)]
pub enum AuditorErrors {
    /// The admin token is missing or invalid
    #[response(status = 401)]
    AdminToken(ErrorBody),
}

/// Errors of operations that require an admin token of the role `admin`.
#[derive(IntoResponses)]
pub enum AdministratorErrors {
    /// The admin token is missing or invalid
    #[response(status = 401)]
    AdminToken(ErrorBody),
    /// the token's role does not allow it
    #[response(status = 403)]
    Role(ErrorBody),
}

/// tenant is disabled; user is disabled
#[derive(IntoResponses)]
#[response(status = 403)]
pub struct CeremonyDisabled(pub ErrorBody);

/// unable to process request; unable to validate request
#[derive(IntoResponses)]
#[response(status = 400)]
pub struct InvalidBody(pub ErrorBody);

/// unable to validate request
#[derive(IntoResponses)]
#[response(status = 400)]
pub struct InvalidQuery(pub ErrorBody);

/// tenant not found
#[derive(IntoResponses)]
#[response(status = 404)]
pub struct TenantNotFound(pub ErrorBody);

/// tenant not found; user not found
#[derive(IntoResponses)]
#[response(status = 404)]
pub struct UserNotFound(pub ErrorBody);

/// user is ambiguous: the id matches two users, and `by` is missing
#[derive(IntoResponses)]
#[response(status = 409)]
pub struct UserAmbiguous(pub ErrorBody);

/// Errors of operations that change a tenant.
#[derive(IntoResponses)]
pub enum TenantChangeErrors {
    /// The admin token is missing or invalid
    #[response(status = 401)]
    AdminToken(ErrorBody),
    /// the token's role does not allow it
    #[response(status = 403)]
    Role(ErrorBody),
    /// tenant not found
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// tenant was changed: its `ETag` is not in `If-Match`
    #[response(status = 412)]
    Changed(ErrorBody),
}

/// state was changed: the `ETag` of the latest change is not in `If-Match`
#[derive(IntoResponses)]
#[response(status = 412)]
pub struct StateChanged(pub ErrorBody);

/// tenant not found; credential with id '…' not found
#[derive(IntoResponses)]
#[response(status = 404)]
pub struct CredentialNotFound(pub ErrorBody);

/// tenant not found; secret not found
#[derive(IntoResponses)]
#[response(status = 404)]
pub struct SecretNotFound(pub ErrorBody);

/// unable to process request; unable to validate request; user has no suitable credentials for this operation
#[derive(IntoResponses)]
#[response(status = 400)]
pub struct NoSuitableCredential(pub ErrorBody);

/// Errors of the finalize request of a registration.
#[derive(IntoResponses)]
pub enum RegistrationErrors {
    /// unable to parse credential creation response; received challenge does not match with any stored one; failed to validate attestation
    #[response(status = 400)]
    Attestation(ErrorBody),
    /// credential already registered
    #[response(status = 409)]
    CredentialExists(ErrorBody),
    /// failed to validate attestation: user verification is required
    #[response(status = 422)]
    UserVerification(ErrorBody),
}

/// The api key is invalid; The api key is disabled; failed to get session data; failed to get user handle; failed to validate assertion
#[derive(IntoResponses)]
#[response(status = 401)]
pub struct AssertionRejected(pub ErrorBody);

pub fn token_response(
    operation: Operation,
    token: Result<String, ServiceError>,
) -> Result<Json<TokenResponse>, ApiError> {
    token.map(|token| Json(TokenResponse { token })).map_err(|error| ApiError::of(operation, error))
}

/// Returns the header `ETag` with the version of a tenant.
pub fn etag(version: &TenantVersion) -> (HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

/// Returns the response to a request that enables or disables an object. The header `ETag`, the new version of the
/// object's state, is present only if the state changed.
pub fn state_response(version: Option<StateVersion>) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    if let Some(version) = version {
        response.insert_header((header::ETAG, format!("\"{version}\"")));
    }
    response.finish()
}
