use actix_web::{HttpResponse, web::Path};
use doorward_shared::{ErrorBody, admin::WithdrawnSigningKey};

use crate::{
    http::{Administrator, ApiError, Query, pages, path_tenant, responses::*},
    service::{Refusal, admin::signing_keys},
};

/// Retires a signing key, or withdraws it.
///
/// A retired key stays published until the tokens that it signed have expired. If no other key can sign yet, the
/// retired key continues to sign until another key has been published for 15 minutes. With `withdraw=true`, the key is
/// removed from the JWKS at once; use this for a compromised key. If the withdrawn key was the signing key, the newest
/// other published key signs at once; if there is no other published key, a new key is created.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/secrets/jwk/{secret_id}",
    tag = "Signing keys",
    params(("withdraw" = Option<bool>, Query, description = "true: remove the key from the JWKS at once")),
    responses(
        (status = 200, description = "withdrawn", body = WithdrawnSigningKey),
        (status = 204, description = "retired"),
        AdministratorErrors,
        SecretNotFound,
        (status = 409, description = "secret is in use; conflict: the key was already withdrawn", body = ErrorBody),
    ),
)]
pub async fn delete(
    caller: Administrator,
    path: Path<(String, String)>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let (tenant, key) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    let key = key.parse().map_err(|_| Refusal::SecretNotFound)?;
    if pages::flag(&query, "withdraw")? {
        return Ok(HttpResponse::Ok().json(signing_keys::withdraw(&caller.context, tenant, key).await?));
    }
    signing_keys::retire(&caller.context, tenant, key).await?;
    Ok(HttpResponse::NoContent().finish())
}
