//! A user's transactions.

use actix_web::web::{Json, Path};
use doorward_shared::{ErrorBody, TenantId, public::TransactionItem};

use crate::{
    http::{ApiError, Operation, extract::KeyHolder},
    service::transactions,
};

/// The user's transactions, newest first.
///
/// The user is named by the tenant's own `user_id`; Doorward's UUID of the user works too.
#[utoipa::path(
    get,
    path = "/{tenant_id}/transaction/{user_id}",
    tag = "Transactions",
    params(
        ("tenant_id" = TenantId, Path, description = "the tenant"),
        ("user_id" = String, Path, description = "the tenant's own id of the user"),
    ),
    responses(
        (status = 200, description = "the transactions", body = [TransactionItem]),
        (status = 401, description = "The api key is invalid", body = ErrorBody),
        (status = 404, description = "tenant not found; user not found", body = ErrorBody),
    ),
    security(("apiKey" = [])),
)]
pub async fn list(caller: KeyHolder, path: Path<(String, String)>) -> Result<Json<Vec<TransactionItem>>, ApiError> {
    let (_, user_id) = path.into_inner();
    let found = transactions::for_user(&caller.call, &user_id).await;
    caller.recorded(found.map(Json).map_err(|failure| ApiError::of(Operation::Other, failure))).await
}
