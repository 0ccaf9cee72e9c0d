//! State of a tenant's import, by which the next import of this tenant detects changes and deletions.

use doorward_shared::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::context::AdminContext;
use crate::{
    service::ServiceError,
    store::{
        installation::{self, import_state},
        tenant_summaries, tenants,
    },
};

/// State of a tenant's import. It is stored before the first row is imported, and again after the last row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportState {
    /// Digest of the imported configuration after its conversion to Doorward's settings. While the source's
    /// configuration has this digest, an import keeps the configuration in Doorward, which an administrator may have
    /// changed.
    pub config: String,
    /// Creation time of the newest user or credential that the source contained when the last import started.
    /// Interrupted imports count as well. If Doorward contains a row that was created before this time, and the
    /// source does not contain it, this row was deleted in the source.
    pub rows_until: Timestamp,
    /// Like `rows_until`, for the last complete import; `None` before the first. If the source contains a row that
    /// was created before this time, and Doorward does not contain it, this row was deleted in Doorward.
    #[serde(default)]
    pub complete_until: Option<Timestamp>,
    /// Time of the newest imported audit entry, in microseconds.
    pub audit_until: i64,
    /// Whether rows of a file were also imported into the tenant. In this case, a row that the source does not contain
    /// may come from the file, so it need not have been deleted in the source.
    #[serde(default)]
    pub mixed: bool,
}

impl Default for ImportState {
    fn default() -> Self {
        Self {
            config: String::new(),
            rows_until: Timestamp::from_millis(0),
            complete_until: None,
            audit_until: i64::MIN,
            mixed: false,
        }
    }
}

/// Returns the state of a tenant's import; `None` if nothing was imported or the tenant does not exist.
pub async fn state(context: &AdminContext, tenant: TenantId) -> Result<Option<ImportState>, ServiceError> {
    let read = move |connection: &mut _| {
        // A state that was stored while the tenant was being deleted does not belong to a later tenant with the same
        // id.
        let exists = tenants::find(connection, tenant)?.is_some();
        Ok(if exists { installation::get(connection, &import_state(tenant))? } else { None })
    };
    let text = context.read(read).await?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(internal)
}

/// Returns whether the tenant was imported and has not been used in Doorward since then: no API key was used, and no
/// ceremony was completed.
pub async fn waits_for_switch(context: &AdminContext, tenant: TenantId) -> Result<bool, ServiceError> {
    let read = move |connection: &mut _| {
        let imported = installation::get(connection, &import_state(tenant))?.is_some();
        Ok(imported && !tenant_summaries::is_used(connection, tenant)?)
    };
    context.read(read).await
}

/// Records that rows of a file are imported into a tenant.
pub async fn mark_mixed(context: &AdminContext, tenant: TenantId) -> Result<(), ServiceError> {
    let state = state(context, tenant).await?.unwrap_or_default();
    put_state(context, tenant, &ImportState { mixed: true, ..state }).await
}

pub async fn put_state(context: &AdminContext, tenant: TenantId, state: &ImportState) -> Result<(), ServiceError> {
    let text = serde_json::to_string(state).map_err(internal)?;
    let put =
        move |connection: &mut _| Ok::<_, ServiceError>(installation::put(connection, &import_state(tenant), &text)?);
    context.app.db.write(put).await
}

fn internal(error: serde_json::Error) -> ServiceError {
    ServiceError::Internal(format!("state of an import: {error}"))
}
