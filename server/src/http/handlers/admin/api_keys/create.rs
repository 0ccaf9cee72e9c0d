use actix_web::{HttpResponse, web::Path};
use doorward_shared::admin::{CreateSecretRequest, CreatedSecret};

use crate::{
    http::{Administrator, ApiError, Body, json, path_tenant, responses::*},
    service::admin::api_keys,
};

/// Creates an API key. Only this response contains its secret.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/secrets/api",
    tag = "API keys",
    request_body = CreateSecretRequest,
    responses(
        (status = 201, description = "created", body = CreatedSecret),
        InvalidBody,
        AdministratorErrors,
        TenantNotFound,
    ),
)]
pub async fn create(caller: Administrator, path: Path<String>, body: Body) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let request = json::strict_object::<CreateSecretRequest>(&body)?;
    let created = api_keys::create(&caller.context, tenant, request).await?;
    Ok(HttpResponse::Created().json(created))
}
