//! Administrative commands use the services of the admin API on the same database, and write the same audit entries.

use std::sync::Arc;

use super::{CliError, args::AdminArgs, start};
use crate::{
    clock,
    domain::RequestMeta,
    service::{ServiceError, admin::AdminContext},
};

/// Opens the installation for one command. A running server on the same data uses the changes from its next request on.
pub(super) async fn open(args: &AdminArgs) -> Result<AdminContext, CliError> {
    let app = start::open(&start::settings(&args.installation.flags())?).await?;
    let request_id = clock::new_uuid(app.clock.now(), app.entropy.as_ref())
        .map_err(|error| CliError::new(error.to_string()))?
        .to_string();
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "unknown".to_owned());
    let meta = RequestMeta {
        request_id,
        source_ip: "local".to_owned(),
        user_agent: concat!("doorward/", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    Ok(AdminContext { app: Arc::clone(&app), actor: format!("cli:{user}"), meta })
}

pub(super) fn failed(failure: ServiceError) -> CliError {
    match failure {
        ServiceError::Refused(refusal) => CliError::new(refusal.reason()),
        other => CliError::new(other.to_string()),
    }
}
