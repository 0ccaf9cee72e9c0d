//! `/me`.

use actix_web::web::Json;
use doorward_shared::{ErrorBody, admin::Me};

use crate::http::extract::Auditor;

/// Who the bearer of the token is.
#[utoipa::path(
    get,
    path = "/me",
    tag = "Admin tokens",
    responses(
        (status = 200, description = "the token's name and role", body = Me),
        (status = 401, description = "The admin token is missing or invalid", body = ErrorBody),
    ),
    security(("adminToken" = [])),
)]
pub async fn get(caller: Auditor) -> Json<Me> {
    Json(Me { name: caller.call.actor, role: caller.role })
}
