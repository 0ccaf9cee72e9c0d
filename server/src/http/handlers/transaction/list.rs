use actix_web::web::{Json, Path};
use doorward_shared::public::TransactionItem;

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
    responses(
        (status = 200, description = "the transactions", body = [TransactionItem]),
        KeyHolderErrors,
        UserNotFound,
    ),
)]
pub async fn list(caller: KeyHolder, path: Path<(String, String)>) -> Result<Json<Vec<TransactionItem>>, ApiError> {
    let (_, user_id) = path.into_inner();
    let found = transactions::for_user(&caller.context, &user_id).await;
    caller.recorded(found.map(Json).map_err(ApiError::from)).await
}
