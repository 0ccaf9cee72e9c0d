//! What an import remembers of a tenant, so that the next run finds changes and deletions.

use doorward_shared::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::context::AdminContext;
use crate::{service::ServiceError, store::installation};

/// Stored after a complete import of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportState {
    /// Digest of the converted configuration. While it stays the same, changes that were made here are kept.
    pub config: String,
    /// Creation time of the newest imported user or credential. Older rows that the source lacks were deleted there.
    pub rows_until: Timestamp,
    /// Time of the newest imported audit entry, in microseconds.
    pub audit_until: i64,
}

fn name(tenant: TenantId) -> String {
    format!("import/{tenant}")
}

/// Returns the state of the last complete import of a tenant.
pub async fn state(context: &AdminContext, tenant: TenantId) -> Result<Option<ImportState>, ServiceError> {
    let text = context.read(move |connection| Ok(installation::get(connection, &name(tenant))?)).await?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(internal)
}

pub async fn put_state(context: &AdminContext, tenant: TenantId, state: &ImportState) -> Result<(), ServiceError> {
    let text = serde_json::to_string(state).map_err(internal)?;
    let put = move |connection: &mut _| Ok::<_, ServiceError>(installation::put(connection, &name(tenant), &text)?);
    context.app.db.write(put).await
}

fn internal(error: serde_json::Error) -> ServiceError {
    ServiceError::Internal(format!("state of an import: {error}"))
}
