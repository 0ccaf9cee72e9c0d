use actix_web::HttpResponse;
use doorward_shared::{
    ErrorBody,
    admin::{CreateTenantRequest, CreatedTenant},
};

use crate::{
    http::{Administrator, ApiError, Body, json, responses::*},
    service::admin::tenants,
};

/// Creates a tenant with its first signing key, and an API key on request.
#[utoipa::path(
    post,
    path = "/tenants",
    tag = "Tenants",
    request_body = CreateTenantRequest,
    responses(
        (status = 201, description = "created", body = CreatedTenant),
        (status = 409, description = "tenant already exists", body = ErrorBody),
        InvalidBody,
        AdministratorErrors,
    ),
)]
pub async fn create(caller: Administrator, body: Body) -> Result<HttpResponse, ApiError> {
    let request = json::tenant(&body)?;
    let created = tenants::create(&caller.context, request).await?;
    Ok(HttpResponse::Created().json(created))
}
