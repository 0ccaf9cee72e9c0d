//! `/{tenant_id}/.well-known/jwks.json`.

use actix_web::{HttpResponse, http::header};
use doorward_shared::public::Jwks;

use crate::http::{ApiError, DocumentReader, responses::*};

/// Number of seconds for which a client may cache the document. A new key is published for longer than this time before
/// it signs.
pub const MAX_AGE_SECONDS: u32 = 600;

/// Returns the public keys that verify the tenant's tokens (RFC 7517).
#[utoipa::path(
    get,
    path = "/{tenant_id}/.well-known/jwks.json",
    tag = "Tokens",
    responses((status = 200, description = "a JWK set", body = Jwks), TenantNotFound),
    security(()),
)]
pub async fn jwks(reader: DocumentReader) -> Result<HttpResponse, ApiError> {
    let now = reader.context.app.clock.now();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, format!("max-age={MAX_AGE_SECONDS}")))
        .json(reader.context.tenant.signing_keys.jwks(now)))
}
