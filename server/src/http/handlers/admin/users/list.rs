use actix_web::{HttpRequest, HttpResponse, web::Path};
use doorward_shared::{admin::UserItem, page::Order};

use crate::{
    http::{ApiError, Auditor, Query, pages, parameters::PageParams, path_tenant, responses::*},
    service::admin::users,
};

/// Lists a tenant's users, with `X-Total-Count` and `Link`.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users",
    tag = "Users",
    params(
        PageParams,
        ("sort_direction" = Option<Order>, Query, description = "order by first registration; by default desc"),
        ("q" = Option<String>, Query, description = "part of an id or a name"),
    ),
    responses(
        (status = 200, description = "a page of users", body = [UserItem]),
        InvalidQuery,
        AuditorErrors,
        TenantNotFound,
    ),
)]
pub async fn list(
    caller: Auditor,
    path: Path<String>,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let tenant = path_tenant(&path)?;
    let (page, order) = (pages::request(&query)?, pages::order(&query, "sort_direction")?);
    let found = users::list(&caller.context, tenant, pages::text(&query, "q")?, order, page).await?;
    Ok(pages::answer(request.path(), &query, page, &found))
}
