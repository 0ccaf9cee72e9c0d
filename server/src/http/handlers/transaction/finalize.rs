use actix_web::web::Json;
use doorward_shared::{
    ErrorBody,
    public::{AuthenticationResponse, TokenResponse},
};

use crate::{
    domain::Ceremony,
    http::{ApiError, Body, KeyHolder, Operation, responses::*},
    service::assertion,
};

/// Finishes the confirmation of a transaction.
///
/// Verifies the assertion (WebAuthn §7.2), consumes the challenge and returns a token.
#[utoipa::path(
    post,
    path = "/{tenant_id}/transaction/finalize",
    tag = "Transactions",
    request_body = AuthenticationResponse,
    responses(
        (status = 200, description = "the assertion is valid", body = TokenResponse),
        (status = 400, description = "unable to finish transaction", body = ErrorBody),
        AssertionRejected,
        TenantNotFound,
        CeremonyDisabled,
    ),
)]
pub async fn finalize(caller: KeyHolder, body: Body) -> Result<Json<TokenResponse>, ApiError> {
    let token = assertion::finalize(&caller.context, Ceremony::Transaction, body.bytes()).await;
    token_response(Operation::TransactionFinalize, token)
}
