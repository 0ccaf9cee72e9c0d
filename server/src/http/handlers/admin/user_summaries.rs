//! `/tenants/{tenant_id}/user_summaries`.

use actix_web::web::{Json, Path};
use doorward_shared::{ErrorBody, TenantId, admin::UserSummaryPage};

use super::failed;
use crate::{
    http::{
        ApiError,
        extract::{Auditor, Query, path_tenant},
        pages,
    },
    service::admin::users,
};

/// A tenant's users, newest first, with what a list shows of them.
///
/// With `q`, first those whose id or a name begins with it, then those that contain it. A page looks at a bounded number
/// of users for the latter: it may hold few items, or none, and still have a `next`. `total` counts the matches found up
/// to this page while there is a `next`, and all of them when there is none.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/user_summaries",
    tag = "Users",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("q" = Option<String>, Query, description = "part of an id or a name"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "users on a page, 1 to 200, 50 when absent"),
    ),
    responses(
        (status = 200, description = "a page of users", body = UserSummaryPage),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn list(caller: Auditor, path: Path<String>, query: Query) -> Result<Json<UserSummaryPage>, ApiError> {
    let tenant = path_tenant(&path)?;
    users::search(&caller.call, tenant, pages::by_time(&query)?).await.map(Json).map_err(failed)
}
