//! The command line as an administrator: the same services as the admin API, on the same database, audited alike.

use std::sync::Arc;

use super::{Failed, start};
use crate::{
    clock,
    config::Settings,
    domain::RequestMeta,
    service::{ServiceError, admin::AdminCall},
};

/// Opens the installation for one command. A server may be running on the same data; it obeys at once.
pub(super) async fn open(settings: &Settings) -> Result<AdminCall, Failed> {
    let app = start::open(settings).await?;
    let request_id = clock::new_uuid(app.clock.now(), app.entropy.as_ref())
        .map_err(|error| Failed::new(error.to_string()))?
        .to_string();
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "unknown".to_owned());
    let meta = RequestMeta {
        request_id,
        source_ip: "local".to_owned(),
        user_agent: concat!("doorward/", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    Ok(AdminCall { app: Arc::clone(&app), actor: format!("cli:{user}"), meta })
}

/// A command's failure in words for its user.
pub(super) fn failed(failure: ServiceError) -> Failed {
    match failure {
        ServiceError::Refused(refusal) => Failed::new(refusal.reason()),
        other => Failed::new(other.to_string()),
    }
}
