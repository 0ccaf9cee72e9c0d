//! `/me`.

use actix_web::web::Json;
use doorward_shared::admin::Me;

use crate::http::{Auditor, responses::*};

/// Returns the id, name, role and tenants of the caller's admin token.
#[utoipa::path(
    get,
    path = "/me",
    tag = "Admin tokens",
    responses((status = 200, description = "the token's id, name and role, and the tenants to which it is limited", body = Me), AuditorErrors),
)]
pub async fn get(caller: Auditor) -> Json<Me> {
    let tenants = caller.context.scope.map(|tenants| tenants.iter().copied().collect());
    Json(Me { id: caller.token, name: caller.context.actor, role: caller.role, tenants })
}
