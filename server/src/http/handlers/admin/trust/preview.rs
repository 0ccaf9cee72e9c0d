use actix_web::web::{Json, Path};
use doorward_shared::{ErrorBody, admin::TrustPreview, config::TrustPolicies};

use crate::{
    domain::list::SortKey,
    http::{ApiError, Auditor, Body, Query, json, pages, parameters::CursorParams, path_tenant, responses::*},
    service::admin::trust,
};

/// Lists the users who would lose credentials if the tenant had the trust policies in the body. Changes nothing.
///
/// Only policies with `enforce` for logins make credentials unusable. The request reads the stored properties of all
/// credentials of the tenant once. For a million credentials, this takes less than a second of CPU time.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/trust/preview",
    tag = "Tenants",
    params(CursorParams),
    request_body = TrustPolicies,
    responses(
        (status = 200, description = "a page of users, and on the first page the counts", body = TrustPreview),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        AuditorErrors,
        TenantNotFound,
    ),
)]
pub async fn preview(
    caller: Auditor,
    path: Path<String>,
    query: Query,
    body: Body,
) -> Result<Json<TrustPreview>, ApiError> {
    let tenant = path_tenant(&path)?;
    let (limit, after) = (pages::limit(&query)?, pages::after(&query, |it| matches!(it.key, SortKey::Number(_)))?);
    let policies: TrustPolicies = json::strict_object(&body)?;
    Ok(Json(trust::preview(&caller.context, tenant, policies, after, limit).await?))
}
