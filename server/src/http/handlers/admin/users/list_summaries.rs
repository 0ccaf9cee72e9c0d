use actix_web::web::{Json, Path};
use doorward_shared::admin::UserSummaryPage;

use crate::{
    http::{ApiError, Auditor, Query, pages, parameters::CursorParams, path_tenant, responses::*},
    service::admin::users,
};

/// Lists a tenant's users, newest first, with each user's number of credentials and time of last use.
///
/// With `q`, users whose id or name begins with the text come first, then those whose id or name contains it elsewhere.
/// For the second group, each request examines a limited number of users, so a page may be short or empty and still
/// have a `next`. While there is a `next`, `total` counts the matches found so far; on the last page, it counts all
/// matches.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/user_summaries",
    tag = "Users",
    params(
        ("q" = Option<String>, Query, description = "part of an id or a name"),
        CursorParams,
    ),
    responses(
        (status = 200, description = "a page of users", body = UserSummaryPage),
        InvalidQuery,
        AuditorErrors,
        TenantNotFound,
    ),
)]
pub async fn list_summaries(
    caller: Auditor,
    path: Path<String>,
    query: Query,
) -> Result<Json<UserSummaryPage>, ApiError> {
    let tenant = path_tenant(&path)?;
    Ok(Json(users::search(&caller.context, tenant, pages::by_time(&query)?).await?))
}
