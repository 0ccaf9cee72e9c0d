use actix_web::web::Json;
use doorward_shared::{
    ErrorBody,
    public::{RedeemTokenRequest, TokenClaims},
};

use crate::{
    http::{ApiError, Body, KeyHolder, json, responses::*},
    service::token_redemption,
};

/// Redeems a token.
///
/// Verifies the signature, the issuer and the expiry of a token. Each token is accepted once: if several requests
/// redeem the same token, on the same or different nodes, only one of them gets the claims. The caller must still check
/// `aud`, `ceremony` and `sub`.
#[utoipa::path(
    post,
    path = "/{tenant_id}/token/redeem",
    tag = "Tokens",
    request_body = RedeemTokenRequest,
    responses(
        (status = 200, description = "the claims of the token, which is now redeemed", body = TokenClaims),
        InvalidBody,
        (status = 401, description = "The api key is invalid; The api key is disabled; token is invalid; token has expired", body = ErrorBody),
        (status = 403, description = "tenant is disabled", body = ErrorBody),
        TenantNotFound,
        (status = 409, description = "token already redeemed", body = ErrorBody),
    ),
)]
pub async fn redeem(caller: KeyHolder, body: Body) -> Result<Json<TokenClaims>, ApiError> {
    Ok(Json(token_redemption::redeem(&caller.context, json::object::<RedeemTokenRequest>(&body)).await?))
}
