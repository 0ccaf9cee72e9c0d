//! `/tenants/{tenant_id}/transactions`.

use actix_web::web::{Json, Path};
use doorward_shared::{ErrorBody, TenantId, admin::TransactionPage};

use super::failed;
use crate::{
    http::{
        ApiError,
        extract::{Auditor, Query, path_tenant},
        pages,
    },
    service::admin::transactions,
};

/// A tenant's transactions, newest first.
///
/// With `q`, first those whose identifier begins with it, then those that contain it. A page looks at a bounded number of
/// transactions for the latter: it may hold few items, or none, and still have a `next`.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/transactions",
    tag = "Transactions",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("q" = Option<String>, Query, description = "part of an identifier (the tenant's own id of a transaction)"),
        ("user_id" = Option<String>, Query, description = "only this user's: Doorward's id, or the tenant's own"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "transactions on a page, 1 to 200, 50 when absent"),
    ),
    responses(
        (status = 200, description = "a page of transactions", body = TransactionPage),
        (status = 400, description = "unable to validate request", body = ErrorBody),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; user not found", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn list(caller: Auditor, path: Path<String>, query: Query) -> Result<Json<TransactionPage>, ApiError> {
    let tenant = path_tenant(&path)?;
    let user = pages::text(&query, "user_id");
    transactions::search(&caller.call, tenant, user, pages::by_time(&query)?).await.map(Json).map_err(failed)
}
