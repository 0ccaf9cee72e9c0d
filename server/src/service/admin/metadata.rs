//! Imports the BLOB of the FIDO Metadata Service, and reports the state of the import.

use doorward_shared::{AuditType, TenantId, admin::MetadataStatus};
use serde_json::json;

use super::context::AdminContext;
use crate::{
    domain::metadata::{MetadataImport, is_outdated},
    service::{ServiceError, audited::Audited},
    store::metadata as table,
    webauthn::metadata_blob::{BlobError, Roots, verify_blob},
};

const DAY_MS: i64 = 86_400_000;

/// Reason why a BLOB was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("the BLOB is outdated: the next one was due on {0}. Download it again, or import it with --allow-outdated")]
    Outdated(String),
    #[error("the BLOB has the number {number}, but number {imported} is already imported")]
    Older { number: u64, imported: u64 },
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Verifies and imports a BLOB. Returns `None` if this BLOB is already imported. Every process uses the new metadata
/// from its next request on.
pub async fn import(
    context: &AdminContext,
    blob: &[u8],
    roots: &Roots,
    allow_outdated: bool,
) -> Result<Option<MetadataImport>, ImportError> {
    let now = context.app.clock.now();
    let blob = verify_blob(blob, roots, now)?;
    if !allow_outdated && is_outdated(&blob.next_update, now) {
        let imported = context.read(|connection| Ok(table::number(connection)?)).await?;
        return if imported == blob.number { Ok(None) } else { Err(ImportError::Outdated(blob.next_update)) };
    }
    let import = MetadataImport {
        number: blob.number,
        next_update: blob.next_update,
        imported_at: now,
        entries: u64::try_from(blob.records.entries.len()).unwrap_or(u64::MAX),
    };
    let entry = context.event(TenantId::INSTALLATION, AuditType::MetadataImported, now)?;
    let (stored, records) = (import.clone(), blob.records);
    let imported = context
        .change(move |connection| {
            let before = table::number(connection)?;
            if !table::replace(connection, &stored, &records)? {
                return Ok(Audited::without_entry(Err(table::number(connection)?)));
            }
            let detail = json!({
                "number": { "before": before, "after": stored.number },
                "next_update": stored.next_update,
                "entries": stored.entries,
                "root_certificates": records.roots.len(),
            });
            Ok(entry.clone().detail(detail).write_with(connection, Ok(()))?)
        })
        .await?;
    match imported {
        Ok(()) => Ok(Some(import)),
        Err(number) if number == import.number => Ok(None),
        Err(imported) => Err(ImportError::Older { number: import.number, imported }),
    }
}

/// Returns the state of the newest import.
pub async fn status(context: &AdminContext) -> Result<MetadataStatus, ServiceError> {
    let now = context.app.clock.now();
    let import = context.read(|connection| Ok(table::newest_import(connection)?)).await?;
    Ok(MetadataStatus {
        outdated: import.as_ref().is_some_and(|import| import.is_outdated(now)),
        age_days: import.as_ref().map(|import| (now.millis() - import.imported_at.millis()).max(0) / DAY_MS),
        entries: import.as_ref().map_or(0, |import| import.entries),
        imported_at: import.as_ref().map(|import| import.imported_at),
        number: import.as_ref().map(|import| import.number),
        next_update: import.map(|import| import.next_update),
    })
}
