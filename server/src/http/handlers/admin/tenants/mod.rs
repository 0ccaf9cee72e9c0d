//! `/tenants`.

mod create;
mod delete;
mod get;
mod list;
mod put;

use doorward_shared::ErrorBody;
use utoipa::IntoResponses;

use crate::service::admin::TenantVersion;

pub use create::*;
pub use delete::*;
pub use get::*;
pub use list::*;
pub use put::*;

/// Returns the value of the header `ETag`.
pub fn etag(version: &TenantVersion) -> String {
    format!("\"{version}\"")
}

/// tenant was changed: its `ETag` is not in `If-Match`
#[derive(IntoResponses)]
#[response(status = 412)]
pub struct TenantChanged(pub ErrorBody);
