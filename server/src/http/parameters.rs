//! Parameters that several operations share, for the OpenAPI documents. `pages.rs` reads them by name.
#![expect(dead_code, reason = "documentation only")]

use utoipa::IntoParams;

/// A numbered page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Number of the page. Values below 1 mean 1.
    #[param(minimum = 1, default = 1)]
    page: Option<u32>,
    /// Rows per page. Values below 1 mean the default, and values above the maximum mean the maximum.
    #[param(minimum = 1, maximum = 1000, default = 20)]
    per_page: Option<u32>,
}

/// A page that continues after the previous page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CursorParams {
    /// `next` of the previous page.
    after: Option<String>,
    /// Rows on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// A change that is refused if the tenant has changed since the client read it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct TenantVersionParams {
    /// `ETag` of the tenant. The change is refused if this version is stale.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// A change that enables or disables an object. It is refused if the object's state has changed since the response
/// whose `ETag` is in `If-Match`.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct StateVersionParams {
    /// `ETag` of the response to the earlier change that this request reverts.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// The period of an overview.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodParams {
    /// Number of UTC days of activity, including today.
    #[param(minimum = 1, maximum = 90, default = 14)]
    days: Option<u32>,
}
