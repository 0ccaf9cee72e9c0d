//! Parameters that several operations share, for the OpenAPI documents. `pages.rs` reads them by name.
#![expect(dead_code, reason = "documentation only")]

use utoipa::IntoParams;

/// Query parameters that select a numbered page.
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

/// Query parameters that select the page after the previous page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CursorParams {
    /// Value of `next` in the previous page. The first page needs no `after`.
    after: Option<String>,
    /// Maximum number of rows on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Header of a change that is refused if the tenant has changed since the client read it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct TenantVersionParams {
    /// `ETag` from the response with the tenant. The change is refused if the tenant has changed since that response.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// Header of a request that enables or disables an object. The request is refused if the object's state has changed
/// since the response whose `ETag` the request sends.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct StateVersionParams {
    /// `ETag` from the response to the earlier change that this request reverts. The request is refused if the state
    /// has changed since that response.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// Query parameter with the period of an overview.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodParams {
    /// Number of UTC days, including today, whose activity is returned.
    #[param(minimum = 1, maximum = 90, default = 14)]
    days: Option<u32>,
}
