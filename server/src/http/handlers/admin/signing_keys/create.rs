use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::{CreateSigningKeyRequest, SigningKeyItem};

use crate::{
    http::{Administrator, ApiError, Body, json, path_tenant, responses::*},
    service::admin::signing_keys,
};

/// Rotates the signing key. The new key is published now. It begins to sign after clients have had time to fetch it.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/secrets/jwk",
    tag = "Signing keys",
    request_body = CreateSigningKeyRequest,
    responses(
        (status = 201, description = "created", body = SigningKeyItem),
        InvalidBody,
        AdministratorErrors,
        TenantNotFound,
    ),
)]
pub async fn create(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let request = json::strict_object::<CreateSigningKeyRequest>(&body)?;
    let created = signing_keys::create(&caller.context, tenant, request).await?;
    Ok(HttpResponse::Created().json(created))
}
