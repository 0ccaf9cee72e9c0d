//! `/overview`, `/tenant_summaries` and `/tenants/{tenant_id}/summary`.

use actix_web::web::{Json, Path};
use doorward_shared::{
    ErrorBody, TenantId,
    admin::{Overview, TenantOverview, TenantSort, TenantSummaryPage},
    page::Order,
};

use super::failed;
use crate::{
    domain::list::{Place, SortKey, TenantQuery},
    http::{
        ApiError,
        extract::{Auditor, Query, path_tenant},
        pages,
    },
    service::admin::overview,
};

const DEFAULT_DAYS: u32 = 14;
const MOST_DAYS: u32 = 90;

fn days(query: &Query) -> Result<u32, ApiError> {
    pages::number(query, "days", DEFAULT_DAYS, MOST_DAYS)
}

/// The installation at a glance: version, storage, counts, activity, the busiest tenants, the latest refusals.
#[utoipa::path(
    get,
    path = "/overview",
    tag = "Overview",
    params(
        ("days" = Option<u32>, Query, description = "days of activity up to today, in UTC: 1 to 90, 14 when absent"),
    ),
    responses(
        (status = 200, description = "the installation", body = Overview),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn of_installation(caller: Auditor, query: Query) -> Result<Json<Overview>, ApiError> {
    overview::installation(&caller.call, days(&query)?).await.map(Json).map_err(failed)
}

/// A tenant at a glance: counts, last activity, activity by day.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/summary",
    tag = "Overview",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("days" = Option<u32>, Query, description = "days of activity up to today, in UTC: 1 to 90, 14 when absent"),
    ),
    responses(
        (status = 200, description = "the tenant", body = TenantOverview),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn of_tenant(caller: Auditor, path: Path<String>, query: Query) -> Result<Json<TenantOverview>, ApiError> {
    let tenant = path_tenant(&path)?;
    overview::tenant(&caller.call, tenant, days(&query)?).await.map(Json).map_err(failed)
}

/// Tenants with what a list shows of them, page by page: send `next` of a page as `after` for the following one.
#[utoipa::path(
    get,
    path = "/tenant_summaries",
    tag = "Overview",
    params(
        ("q" = Option<String>, Query, description = "part of a name, or of an id: four characters and more"),
        ("sort" = Option<TenantSort>, Query, description = "name when absent"),
        ("order" = Option<Order>, Query, description = "asc when sorted by name, else desc, when absent"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "tenants on a page, 1 to 200, 50 when absent"),
    ),
    responses(
        (status = 200, description = "a page of tenants", body = TenantSummaryPage),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn of_tenants(caller: Auditor, query: Query) -> Result<Json<TenantSummaryPage>, ApiError> {
    let sort = pages::word(&query, "sort")?.unwrap_or(TenantSort::Name);
    let usual = if sort == TenantSort::Name { Order::Ascending } else { Order::Descending };
    let after =
        pages::after(&query, |place: &Place| matches!(place.key, SortKey::Text(_)) == (sort == TenantSort::Name))?;
    let asked = TenantQuery {
        search: pages::text(&query, "q"),
        sort,
        order: pages::word(&query, "order")?.unwrap_or(usual),
        after,
        limit: pages::limit(&query)?,
    };
    overview::tenants(&caller.call, asked).await.map(Json).map_err(failed)
}
