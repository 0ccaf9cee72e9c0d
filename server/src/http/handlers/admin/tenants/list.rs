use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::{admin::TenantItem, page::Order};

use crate::{
    http::{ApiError, Auditor, Query, pages, parameters::PageParams, responses::*},
    service::admin::tenants,
};

/// Lists the tenants, oldest first, with `X-Total-Count` and `Link`.
///
/// `X-Total-Count` is exact up to 10 000. Above this number, it is a lower bound, which `X-Total-Count-Relation: gte`
/// marks. With `q`, a request examines at most 10 000 tenants. If it stops there, the page may be short or empty, but
/// has a `Link` to the next page.
#[utoipa::path(
    get,
    path = "/tenants",
    tag = "Tenants",
    params(
        PageParams,
        ("after" = Option<String>, Query, description = "position from the `next` link of a page; replaces `page`"),
        ("q" = Option<String>, Query, description = "part of a name, or at least four characters of an id"),
    ),
    responses((status = 200, description = "a page of tenants", body = [TenantItem]), InvalidQuery, AuditorErrors),
)]
pub async fn list(caller: Auditor, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let page = pages::numbered(&query, Order::Ascending)?;
    let found = tenants::list(&caller.context, pages::text(&query, "q")?, page.clone()).await?;
    Ok(pages::respond(request.path(), &query, page.page, &found))
}
