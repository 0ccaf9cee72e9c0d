//! Imports the audit log.

use doorward_shared::{AuditType, ErrorCode, TenantId};
use uuid::Uuid;

use super::{
    rows::{AUDIT, AuditRow},
    secrets::time,
    session::{Import, ImportError, Table},
};
use crate::{
    domain::{AuditEvent, RequestMeta, audit::AuditError},
    service::admin::import::{self as target, Entry},
    store::audit,
};

/// Overlap of two imports in microseconds: entries that are older than the newest imported entry by at most this time
/// are read again. Such an entry may be missing in Doorward, because it was committed after the earlier import had read
/// the log, or because the clocks of the Hanko servers differ.
const OVERLAP_MICROS: i64 = 15 * 60 * 1_000_000;

pub(super) fn import(import: &mut Import<'_>) -> Result<(), ImportError> {
    // The source has no index by time, so the query scans all entries, but it returns only the needed ones.
    let imported = import.tenants.values().filter(|tenant| !tenant.report.is_skipped());
    let start = imported.map(|tenant| tenant.previous.as_ref().map_or(i64::MIN, |one| one.audit_until)).min();
    let Some(start) = start else { return Ok(()) };
    let start = start.saturating_sub(OVERLAP_MICROS);
    let query = match start {
        ..0 => AUDIT.to_owned(),
        _ => format!("{AUDIT} AND created_at >= to_timestamp({start} / 1000000.0) AT TIME ZONE 'UTC'"),
    };
    import.table(
        Table { query: &query, kind: "audit_entries", name: "audit_logs" },
        |tenant, state, row: AuditRow| {
            let read_before = state.previous.as_ref().map_or(i64::MIN, |previous| previous.audit_until);
            if row.created_at < read_before.saturating_sub(OVERLAP_MICROS) {
                return None;
            }
            state.next.audit_until = state.next.audit_until.max(row.created_at);
            Some(entry(tenant, &row))
        },
        target::history,
    )
}

fn entry(tenant_id: TenantId, row: &AuditRow) -> Result<Entry, String> {
    let kind: AuditType = row.kind.parse().map_err(|_| format!("its type {:?} is unknown", row.kind))?;
    let id: Uuid = row.id.parse().map_err(|_| "its id is not a UUID".to_owned())?;
    let (high, low) = id.as_u64_pair();
    // The new id contains bits of the entry's id in the source, so every import gives the entry the same id.
    let random = high.rotate_left(32) ^ low.rotate_left(2);
    let reason = row.error.clone().filter(|_| kind.is_failure());
    Ok(Entry {
        id: audit::imported_id(row.created_at, random),
        event: AuditEvent {
            random,
            tenant_id,
            kind,
            error: reason.map(|reason| AuditError { code: ErrorCode::Internal.as_str(), reason }),
            meta: RequestMeta {
                // The source's log does not record which API key was used.
                api_key: None,
                request_id: row.request_id.clone(),
                source_ip: row.source_ip.clone(),
                user_agent: row.user_agent.clone(),
            },
            actor: row.actor.clone(),
            credential_id: None,
            transaction_id: row.transaction_id.clone(),
            detail: None,
            at: time(row.created_at),
        },
    })
}
