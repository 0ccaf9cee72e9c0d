//! The keys that verify a tenant's tokens.

use actix_web::{HttpResponse, http::header};
use doorward_shared::{ErrorBody, TenantId, public::Jwks};

use crate::http::{ApiError, extract::Visitor};

/// Seconds a client may keep the document; a new key is published longer than that before it signs.
pub const MAX_AGE_SECONDS: u32 = 600;

/// The public keys that verify the tenant's tokens (RFC 7517).
#[utoipa::path(
    get,
    path = "/{tenant_id}/.well-known/jwks.json",
    tag = "Tokens",
    params(("tenant_id" = TenantId, Path, description = "the tenant")),
    responses(
        (status = 200, description = "a JWK set", body = Jwks),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(()),
)]
pub async fn jwks(visitor: Visitor) -> Result<HttpResponse, ApiError> {
    let now = visitor.call.app.clock.now();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, format!("max-age={MAX_AGE_SECONDS}")))
        .json(visitor.call.tenant.signing_keys.jwks(now)))
}
