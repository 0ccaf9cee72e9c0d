//! `/tenants/{tenant_id}/users`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Json, Path},
};
use doorward_shared::{
    ErrorBody, TenantId,
    admin::{UserDetail, UserItem},
};

use super::failed;
use crate::{
    http::{
        ApiError,
        extract::{Administrator, Auditor, Query, path_tenant},
        pages,
    },
    service::admin::users,
};

/// A tenant's users, with `X-Total-Count` and `Link`.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users",
    tag = "Users",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("page" = Option<u32>, Query, description = "number of the page, from 1"),
        ("per_page" = Option<u32>, Query, description = "rows on a page, 1 to 100, 20 when absent"),
        ("sort_direction" = Option<String>, Query, description = "by first registration: desc (when absent) or asc"),
        ("q" = Option<String>, Query, description = "part of an id or a name"),
    ),
    responses(
        (status = 200, description = "a page of users", body = [UserItem]),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn list(
    caller: Auditor,
    path: Path<String>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let (page, order) = (pages::request(&query)?, pages::order(&query, "sort_direction")?);
    let search = query.get("q").filter(|text| !text.is_empty()).map(str::to_owned);
    let found = users::list(&caller.call, tenant, search, order, page).await.map_err(failed)?;
    Ok(pages::answer(request.path(), &query, page, &found))
}

/// A user with credentials and transactions.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("user_id" = String, Path, description = "Doorward's id of the user, or the tenant's own"),
    ),
    responses(
        (status = 200, description = "the user", body = UserDetail),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; user not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn get(caller: Auditor, path: Path<(String, String)>) -> Result<Json<UserDetail>, ApiError> {
    let (tenant, user) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    users::get(&caller.call, tenant, &user).await.map(Json).map_err(failed)
}

/// Deletes a user with credentials and transactions.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "Users",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("user_id" = String, Path, description = "Doorward's id of the user, or the tenant's own"),
    ),
    responses(
        (status = 204, description = "deleted"),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 403, description = "the token's role does not allow it", body = ErrorBody),
        (status = 404, description = "tenant not found; user not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn delete(caller: Administrator, path: Path<(String, String)>) -> Result<HttpResponse, ApiError> {
    let (tenant, user) = path.into_inner();
    let tenant = path_tenant(&tenant)?;
    users::delete(&caller.call, tenant, &user).await.map_err(failed)?;
    Ok(HttpResponse::NoContent().finish())
}
