//! `/vitals`.

use actix_web::web::Json;
use doorward_shared::admin::Vitals;

use crate::{
    http::{Auditor, responses::*},
    service::admin::vitals,
};

/// Returns counters of the server process that responds: requests, ceremonies, refusals, waiting times for the
/// database, jobs. Reads no table, so it can be called every second.
#[utoipa::path(
    get,
    path = "/vitals",
    tag = "Overview",
    responses((status = 200, description = "the counters", body = Vitals), AuditorErrors),
)]
pub async fn get(caller: Auditor) -> Json<Vitals> {
    Json(vitals::of_node(&caller.context.app))
}
