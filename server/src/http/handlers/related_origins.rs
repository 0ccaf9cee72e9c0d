//! `/{tenant_id}/.well-known/webauthn`.

use actix_web::{HttpResponse, http::header};
use doorward_shared::public::RelatedOrigins;

use super::jwks::MAX_AGE_SECONDS;
use crate::http::{ApiError, DocumentReader, responses::*};

/// Returns the related origins of the tenant's RP ID (WebAuthn §5.11).
///
/// Browsers read this document from `https://<RP ID>/.well-known/webauthn`. Publish a copy at that URL. Alternatively,
/// redirect or forward requests for that URL to this path.
#[utoipa::path(
    get,
    path = "/{tenant_id}/.well-known/webauthn",
    tag = "Passkeys",
    responses((status = 200, description = "the related origins", body = RelatedOrigins), TenantNotFound),
    security(()),
)]
pub async fn related_origins(reader: DocumentReader) -> Result<HttpResponse, ApiError> {
    let origins = reader.context.tenant.tenant.config.webauthn.relying_party.related_origins.clone();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, format!("max-age={MAX_AGE_SECONDS}")))
        .json(RelatedOrigins { origins }))
}
