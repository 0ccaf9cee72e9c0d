//! The pending requests of a log.

use doorward_shared::AuditId;

use crate::effect::RequestId;

/// Pending requests of a log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pending {
    /// Request for the entries that will replace all rows.
    pub(super) restart: Option<RequestId>,
    /// Request for the entries after the cursor `Audit::newest`, oldest first.
    pub(super) poll: Option<RequestId>,
    /// Request for the newest entries, sent if more new entries exist than one page contains.
    pub(super) jump: Option<RequestId>,
    /// Request for the entries before the cursor `Audit::older`.
    pub(super) older: Option<RequestId>,
    /// Request for the entries above the rows of a paused log.
    pub(super) newer: Option<RequestId>,
    /// Request for the number of entries in the gap below the given entry.
    pub(super) gap: Option<(RequestId, AuditId)>,
    /// Request for the number of entries that are newer than the rows of a paused log.
    pub(super) missed: Option<RequestId>,
}

impl Pending {
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = RequestId> {
        let Self { restart, poll, jump, older, newer, gap, missed } = std::mem::take(self);
        [restart, poll, jump, older, newer, gap.map(|(id, _)| id), missed].into_iter().flatten()
    }
}
