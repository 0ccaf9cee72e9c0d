use actix_web::HttpResponse;
use doorward_shared::{
    ErrorBody,
    admin::{CreateAdminTokenRequest, CreatedSecret},
};

use crate::{
    http::{Administrator, ApiError, Body, json, responses::*},
    service::admin::admin_tokens,
};

/// Creates an admin token. Only this response contains its secret.
#[utoipa::path(
    post,
    path = "/admin_tokens",
    tag = "Admin tokens",
    request_body = CreateAdminTokenRequest,
    responses(
        (status = 201, description = "created", body = CreatedSecret),
        InvalidBody,
        AdministratorErrors,
        (status = 409, description = "the name is taken", body = ErrorBody),
    ),
)]
pub async fn create(caller: Administrator, body: Body) -> Result<HttpResponse, ApiError> {
    let request = json::strict_object::<CreateAdminTokenRequest>(&body)?;
    let created = admin_tokens::create(&caller.context, request).await?;
    Ok(HttpResponse::Created().json(created))
}
