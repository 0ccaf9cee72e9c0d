use actix_web::{HttpRequest, HttpResponse, web::Path};
use doorward_shared::{admin::UserItem, page::Order};

use crate::{
    http::{ApiError, Auditor, Query, pages, parameters::PageParams, path_tenant, responses::*},
    service::admin::users,
};

/// Lists a tenant's users, with `X-Total-Count` and `Link`.
///
/// With `q`, a request examines at most 10 000 users. If it stops there, the page may be short or empty. It then has a
/// `Link` to the next page, and `X-Total-Count-Relation: gte` marks the total as a lower bound.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users",
    tag = "Users",
    params(
        PageParams,
        ("after" = Option<String>, Query, description = "position from the `next` link of a page; replaces `page`"),
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
    let page = pages::numbered(&query, pages::order(&query, "sort_direction")?)?;
    let found = users::list(&caller.context, tenant, pages::text(&query, "q")?, page.clone()).await?;
    Ok(pages::respond(request.path(), &query, page.page, &found))
}
