//! Administrative commands use the services of the admin API on the same database, and write the same audit entries.

use std::sync::Arc;

use super::{CliError, args::AdminArgs, process_user, start};
use crate::{
    app::App,
    clock,
    domain::RequestMeta,
    installation::Purpose,
    service::{ServiceError, admin::AdminContext},
};

/// Opens the installation for one command. A running server on the same data uses the changes from its next request on.
pub(super) async fn open(args: &AdminArgs) -> Result<AdminContext, CliError> {
    let settings = start::settings(&args.installation.flags())?;
    context(start::open(&settings, Purpose::Administer).await?.app)
}

/// Returns the context of one command. Its actor is the user of this process.
pub(super) fn context(app: Arc<App>) -> Result<AdminContext, CliError> {
    let request_id = clock::new_uuid(app.clock.now(), app.entropy.as_ref())
        .map_err(|error| CliError::new(error.to_string()))?
        .to_string();
    let meta = RequestMeta {
        request_id,
        source_ip: "local".to_owned(),
        user_agent: concat!("doorward/", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    Ok(AdminContext { app, actor: format!("cli:{}", process_user::name()), meta })
}

pub(super) fn failed(failure: ServiceError) -> CliError {
    match failure {
        ServiceError::Refused(refusal) => CliError::new(refusal.reason()),
        other => CliError::new(other.to_string()),
    }
}
