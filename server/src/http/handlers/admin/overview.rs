//! `/overview`, `/tenant_summaries`, `/tenants/{tenant_id}/summary` and `/tenants/{tenant_id}/activity`.

use actix_web::web::{Json, Path};
use doorward_shared::{
    admin::{Overview, TenantActivity, TenantOverview, TenantSort, TenantSummaryPage},
    page::Order,
};

use crate::{
    domain::list::{Cursor, SortKey, TenantQuery},
    http::{
        ApiError, Auditor, Query, pages,
        parameters::{CursorParams, PeriodParams},
        path_tenant,
        responses::*,
    },
    service::{
        admin::{activity, overview},
        daily_counts::MAX_DAYS,
    },
};

const DEFAULT_DAYS: u32 = 14;

fn days(query: &Query) -> Result<u32, ApiError> {
    pages::number(query, "days", DEFAULT_DAYS, MAX_DAYS)
}

/// Returns an overview of the installation: version, storage, counts, activity, busiest tenants and latest refusals.
#[utoipa::path(
    get,
    path = "/overview",
    tag = "Overview",
    params(PeriodParams),
    responses(
        (status = 200, description = "the installation", body = Overview),
        InvalidQuery,
        AuditorErrors,
    ),
)]
pub async fn of_installation(caller: Auditor, query: Query) -> Result<Json<Overview>, ApiError> {
    Ok(Json(overview::installation(&caller.context, days(&query)?).await?))
}

/// Returns an overview of a tenant: counts, last activity, activity by day.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/summary",
    tag = "Overview",
    params(PeriodParams),
    responses(
        (status = 200, description = "the tenant", body = TenantOverview),
        InvalidQuery,
        AuditorErrors,
        TenantNotFound,
    ),
)]
pub async fn of_tenant(caller: Auditor, path: Path<String>, query: Query) -> Result<Json<TenantOverview>, ApiError> {
    let tenant = path_tenant(&path)?;
    Ok(Json(overview::tenant(&caller.context, tenant, days(&query)?).await?))
}

/// Returns the recent activity of a tenant: succeeded and refused ceremonies of each kind, frequent refusals, active
/// users, authenticator models. Examines at most 10 000 audit entries and 2 000 credentials.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/activity",
    tag = "Overview",
    responses(
        (status = 200, description = "the activity", body = TenantActivity),
        AuditorErrors,
        TenantNotFound,
    ),
)]
pub async fn activity_of_tenant(caller: Auditor, path: Path<String>) -> Result<Json<TenantActivity>, ApiError> {
    Ok(Json(activity::of_tenant(&caller.context, path_tenant(&path)?).await?))
}

/// Returns a page of the list of tenants. Send `next` of a page as `after` to get the following page.
///
/// If the list is sorted by `succeeded` or `refused`, it contains only the 1 000 most recently active tenants, because
/// each request sums the counts of all tenants in the list. If `total` is larger, use `q` to find other tenants.
#[utoipa::path(
    get,
    path = "/tenant_summaries",
    tag = "Overview",
    params(
        ("q" = Option<String>, Query, description = "text in the name or RP ID; four or more hexadecimal characters also match in the id"),
        ("sort" = Option<TenantSort>, Query, description = "sort column, name by default"),
        ("order" = Option<Order>, Query, description = "by default asc for names and RP IDs, desc for other columns"),
        CursorParams,
    ),
    responses(
        (status = 200, description = "a page of tenants", body = TenantSummaryPage),
        InvalidQuery,
        AuditorErrors,
    ),
)]
pub async fn of_tenants(caller: Auditor, query: Query) -> Result<Json<TenantSummaryPage>, ApiError> {
    let sort = pages::word(&query, "sort")?.unwrap_or(TenantSort::Name);
    let is_text = sort.is_text();
    let default_order = if is_text { Order::Ascending } else { Order::Descending };
    let order = pages::word(&query, "order")?.unwrap_or(default_order);
    let fits = |after: &Cursor| matches!(after.key, SortKey::Text(_)) == is_text;
    let after = pages::after_in(&query, &TenantQuery::order_name(sort, order), fits)?;
    let query = TenantQuery { search: pages::text(&query, "q")?, sort, order, after, limit: pages::limit(&query)? };
    Ok(Json(overview::tenants(&caller.context, query).await?))
}
