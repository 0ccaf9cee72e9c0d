//! `/tenants/{tenant_id}/transactions`.

use actix_web::web::{Json, Path};
use doorward_shared::admin::{TransactionPage, UserIdKind};

use super::users::selector;
use crate::{
    http::{ApiError, Auditor, Query, pages, parameters::CursorParams, path_tenant, responses::*},
    service::admin::transactions,
};

/// Lists a tenant's transactions, newest first.
///
/// With `q`, transactions whose identifier begins with the text come first, then those whose identifier contains it
/// elsewhere. For the second group, each request examines a limited number of transactions, so a page may be short or
/// empty and still have a `next`.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/transactions",
    tag = "Transactions",
    params(
        ("q" = Option<String>, Query, description = "part of an identifier (the application's own id for a transaction)"),
        ("user_id" = Option<String>, Query, description = "only transactions of this user: the application's id for the user, or Doorward's"),
        ("by" = Option<UserIdKind>, Query, description = "which id `user_id` is; needed only if it matches two users"),
        CursorParams,
    ),
    responses(
        (status = 200, description = "a page of transactions", body = TransactionPage),
        InvalidQuery,
        AuditorErrors,
        UserNotFound,
        UserAmbiguous,
    ),
)]
pub async fn list(caller: Auditor, path: Path<String>, query: Query) -> Result<Json<TransactionPage>, ApiError> {
    let tenant = path_tenant(&path)?;
    let pages = pages::by_time(&query)?;
    let user = pages::text(&query, "user_id")?.map(|id| selector::user(id, &query)).transpose()?;
    Ok(Json(transactions::search(&caller.context, tenant, user, pages).await?))
}
