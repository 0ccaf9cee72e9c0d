//! `/tenants`.

use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::{
    ErrorBody,
    admin::{CreateTenantRequest, CreatedTenant, TenantItem},
};

use super::{failed, refused};
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Auditor, Body, Query},
        json, pages,
    },
    service::admin::tenants,
};

/// The tenants, oldest first, with `X-Total-Count` and `Link`.
#[utoipa::path(
    get,
    path = "/tenants",
    tag = "Tenants",
    params(
        ("page" = Option<u32>, Query, description = "number of the page, from 1"),
        ("per_page" = Option<u32>, Query, description = "rows on a page, 1 to 100, 20 when absent"),
        ("q" = Option<String>, Query, description = "part of a name, or of an id: four characters and more"),
    ),
    responses(
        (status = 200, description = "a page of tenants", body = [TenantItem]),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn list(caller: Auditor, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let page = pages::request(&query)?;
    let search = query.get("q").filter(|text| !text.is_empty()).map(str::to_owned);
    let found = tenants::list(&caller.call, search, page).await.map_err(failed)?;
    Ok(pages::answer(request.path(), &query, page, &found))
}

/// Creates a tenant, with its first signing key, and an API key if one is asked for.
#[utoipa::path(
    post,
    path = "/tenants",
    tag = "Tenants",
    request_body = CreateTenantRequest,
    responses(
        (status = 201, description = "created", body = CreatedTenant),
        (status = 400, description = "unable to process request; unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn create(caller: Administrator, body: Body) -> Result<HttpResponse, ApiError> {
    let request = json::object::<CreateTenantRequest>(&body).map_err(refused)?;
    let created = tenants::create(&caller.call, request).await.map_err(failed)?;
    Ok(HttpResponse::Created().json(created))
}
