//! Administrative commands call the services of the admin API in their own process, and write the same audit entries as
//! the admin API.

use std::sync::Arc;

use doorward_shared::{ErrorCode, TenantId};

use super::{CliError, args::AdminArgs, process_user, start};
use crate::{
    app::App,
    clock,
    domain::RequestMeta,
    installation::Purpose,
    service::{
        ServiceError,
        admin::{AdminContext, tenants},
    },
};

/// Opens the installation for one command. A running server that uses the same database sees the command's changes at
/// its next request.
pub(super) async fn open(args: &AdminArgs) -> Result<AdminContext, CliError> {
    let settings = start::settings(&args.installation.flags())?;
    context(start::open(&settings, Purpose::Administer).await?.app)
}

/// Returns the context of one command. The actor is the user of this process.
pub(super) fn context(app: Arc<App>) -> Result<AdminContext, CliError> {
    let request_id = clock::new_uuid(app.clock.now(), app.entropy.as_ref())
        .map_err(|error| CliError::new(error.to_string()))?
        .to_string();
    let meta = RequestMeta {
        request_id,
        source_ip: "local".to_owned(),
        user_agent: concat!("doorward/", env!("CARGO_PKG_VERSION")).to_owned(),
        api_key: None,
    };
    Ok(AdminContext { app, actor: format!("cli:{}", process_user::name()), meta, scope: None })
}

pub(super) fn failed(failure: ServiceError) -> CliError {
    match failure {
        ServiceError::Refused(refusal) => CliError::with_code(refusal.code(), refusal.reason()),
        ServiceError::Unavailable(cause) => CliError::with_code(ErrorCode::Unavailable, cause),
        other => CliError::with_code(ErrorCode::Internal, other.to_string()),
    }
}

/// Returns the id of a tenant. A text that is not an id must be the exact name of one tenant.
pub(super) async fn find_tenant(call: &AdminContext, id_or_name: &str) -> Result<TenantId, CliError> {
    if let Ok(id) = id_or_name.parse() {
        return Ok(id);
    }
    let mut named = tenants::all(call, Some(id_or_name)).await.map_err(failed)?;
    named.retain(|tenant| tenant.display_name == id_or_name);
    match named.as_slice() {
        [tenant] => Ok(tenant.id),
        [] => {
            let message = format!("no tenant has the id or name {id_or_name:?}");
            Err(CliError::with_code(ErrorCode::TenantNotFound, message))
        }
        several => {
            let ids: Vec<String> = several.iter().map(|tenant| tenant.id.to_string()).collect();
            let (number, ids) = (ids.len(), ids.join(", "));
            Err(CliError::usage(format!("{number} tenants have the name {id_or_name:?}; use an id: {ids}")))
        }
    }
}
