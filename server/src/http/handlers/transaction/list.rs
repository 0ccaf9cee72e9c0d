use actix_web::web::{Json, Path};
use doorward_shared::{TenantId, public::TransactionItem};

use crate::{
    http::{ApiError, KeyHolder, responses::*},
    service::transactions,
};

/// Lists a user's transactions, newest first.
///
/// `user_id` is the tenant's own id of the user; Doorward's UUID of the user is accepted too.
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
        KeyHolderErrors,
        UserNotFound,
    ),
    security(("apiKey" = [])),
)]
pub async fn list(caller: KeyHolder, path: Path<(String, String)>) -> Result<Json<Vec<TransactionItem>>, ApiError> {
    let (_, user_id) = path.into_inner();
    let found = transactions::for_user(&caller.call, &user_id).await;
    caller.recorded(found.map(Json).map_err(ApiError::from)).await
}
