use actix_web::web::Json;
use doorward_shared::{
    ErrorBody,
    public::{RequestOptions, TransactionInitRequest},
};

use crate::{
    http::{ApiError, Body, KeyHolder, Operation, json, responses::*},
    service::assertion,
};

/// Starts the confirmation of a transaction.
///
/// The challenge is 32 random bytes, followed by the SHA-256 hash of `transaction_id` and the serialised
/// `transaction_data`. With `min_acr`, a confirmation with a lower level of assurance is refused.
#[utoipa::path(
    post,
    path = "/{tenant_id}/transaction/initialize",
    tag = "Transactions",
    request_body = TransactionInitRequest,
    responses(
        (status = 200, description = "options for the browser", body = RequestOptions),
        (status = 400, description = "unable to process request; unable to validate request; user has no suitable credentials for this operation", body = ErrorBody),
        KeyHolderErrors,
        (status = 404, description = "tenant not found; unable to find user", body = ErrorBody),
        (status = 409, description = "transaction already exists", body = ErrorBody),
        CeremonyDisabled,
    ),
)]
pub async fn initialize(caller: KeyHolder, body: Body) -> Result<Json<RequestOptions>, ApiError> {
    let request = json::object::<TransactionInitRequest>(&body);
    let options = assertion::initialize_transaction(&caller.context, request).await;
    options.map(Json).map_err(|error| ApiError::of(Operation::TransactionInitialize, error))
}
