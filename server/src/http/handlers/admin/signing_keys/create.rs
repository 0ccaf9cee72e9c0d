use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::{CreateSigningKeyRequest, SigningKeyItem};

use crate::{
    http::{Administrator, ApiError, Body, Query, json, pages, path_tenant, responses::*},
    service::admin::signing_keys,
};

/// Rotates the signing key. The new key is published at once. It begins to sign 15 minutes later, when no client has an
/// older JWKS in its cache. With `force=true`, it signs at once.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/secrets/jwk",
    tag = "Signing keys",
    params(("force" = Option<bool>, Query, description = "true: the new key signs at once")),
    request_body = CreateSigningKeyRequest,
    responses(
        (status = 201, description = "created", body = SigningKeyItem),
        InvalidBody,
        AdministratorErrors,
        TenantNotFound,
    ),
)]
pub async fn create(
    caller: Administrator,
    path: Path<String>,
    query: Query,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let force = pages::flag(&query, "force")?;
    let request = json::strict_object::<CreateSigningKeyRequest>(&body)?;
    let created = signing_keys::create(&caller.context, tenant, request, force).await?;
    Ok(HttpResponse::Created().json(created))
}
