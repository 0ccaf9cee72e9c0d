use actix_web::{HttpRequest, HttpResponse};
use doorward_shared::admin::TenantItem;

use crate::{
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
    let found = tenants::list(&caller.context, pages::text(&query, "q")?, page).await?;
    Ok(pages::answer(request.path(), &query, page, &found))
}
