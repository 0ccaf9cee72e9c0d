//! Audit entries of refused changes.

use std::sync::{Mutex, PoisonError};

use doorward_shared::{AuditType, ErrorCode, TenantId, Timestamp};
use serde_json::json;

use super::AdminContext;
use crate::service::ServiceError;

/// Maximum number of entries per minute and process.
const ENTRIES_PER_MINUTE: u32 = 60;
/// Maximum number of characters of the path and of the reason in an entry.
const MAX_TEXT_CHARS: usize = 512;

/// Limits the number of entries, because a script with an admin token could otherwise fill the log.
#[derive(Debug, Default)]
pub struct RefusedChanges(Mutex<Minute>);

/// The entries of one minute.
#[derive(Debug, Default)]
struct Minute {
    /// Minutes since the Unix epoch.
    number: i64,
    written: u32,
    /// Number of refusals since the last entry that have no entry.
    left_out: u64,
}

impl RefusedChanges {
    /// Returns the number of earlier refusals without an entry, or `None` if this refusal gets no entry either.
    fn admit(&self, now: Timestamp) -> Option<u64> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.seconds().div_euclid(60);
        if minute.number != number {
            (minute.number, minute.written) = (number, 0);
        }
        if minute.written >= ENTRIES_PER_MINUTE {
            minute.left_out += 1;
            return None;
        }
        minute.written += 1;
        Some(std::mem::take(&mut minute.left_out))
    }
}

/// A refused request.
#[derive(Debug)]
pub struct RefusedChange<'a> {
    /// The tenant in the path.
    pub tenant: Option<TenantId>,
    pub method: &'a str,
    pub path: &'a str,
    pub code: ErrorCode,
    pub reason: &'a str,
}

/// Writes the entry of a refused change to the log of the tenant, or to that of the installation if the tenant does not
/// exist. Above [`ENTRIES_PER_MINUTE`] it only counts the refusal; the next entry contains the count.
pub async fn record(context: &AdminContext, refused: RefusedChange<'_>) -> Result<(), ServiceError> {
    let now = context.app.clock.now();
    let Some(left_out) = context.app.refused_changes.admit(now) else { return Ok(()) };
    let tenant = match refused.tenant {
        Some(id) if context.app.tenant(id).await?.is_some() => id,
        _ => TenantId::INSTALLATION,
    };
    let start = |text: &str| text.chars().take(MAX_TEXT_CHARS).collect::<String>();
    let mut detail = json!({ "method": refused.method, "path": start(refused.path) });
    if let Some(members) = detail.as_object_mut().filter(|_| left_out > 0) {
        members.insert("left_out_before".to_owned(), left_out.into());
    }
    let entry = context.event(tenant, AuditType::AdminRequestRejected, now)?;
    let entry = entry.error(refused.code, start(refused.reason)).detail(detail);
    context.app.db.write(move |connection| entry.write(connection)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_per_minute_are_limited_and_the_rest_is_counted() {
        let (refused, at) = (RefusedChanges::default(), Timestamp::from_millis(60_000));
        for _ in 0..ENTRIES_PER_MINUTE {
            assert_eq!(refused.admit(at), Some(0));
        }
        assert_eq!([refused.admit(at), refused.admit(at.plus_millis(59_999))], [None, None]);
        assert_eq!(refused.admit(at.plus_millis(60_000)), Some(2));
        assert_eq!(refused.admit(at.plus_millis(60_000)), Some(0));
    }
}
