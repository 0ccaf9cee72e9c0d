use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::{admin::TenantItem, page::Page};

use crate::{
    domain::{
        audit::Total,
        list::{NextRows, NumberedPage},
    },
    http::{ApiError, Auditor, Query, pages, parameters::PageParams, responses::*},
    service::admin::tenants,
};

/// Lists the tenants, oldest first, with `X-Total-Count` and `Link`.
#[utoipa::path(
    get,
    path = "/tenants",
    tag = "Tenants",
    params(
        PageParams,
        ("q" = Option<String>, Query, description = "part of a name, or at least four characters of an id"),
    ),
    responses((status = 200, description = "a page of tenants", body = [TenantItem]), InvalidQuery, AuditorErrors),
)]
pub async fn list(caller: Auditor, request: HttpRequest, query: Query) -> Result<HttpResponse, ApiError> {
    let page = pages::request(&query)?;
    let Page { items, total } = tenants::list(&caller.context, pages::text(&query, "q")?, page).await?;
    let next = (u64::from(page.page) * u64::from(page.per_page) < total).then_some(NextRows::Number);
    let found = NumberedPage { items, total: Some(Total::Exact(total)), next };
    Ok(pages::respond(request.path(), &query, page, &found))
}
