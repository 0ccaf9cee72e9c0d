//! The pending requests of a log.

use doorward_shared::AuditId;

use crate::effect::RequestId;

/// Pending requests of a log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pending {
    /// Entries that replace all rows.
    pub(super) restart: Option<RequestId>,
    /// Entries after `newest`, oldest first.
    pub(super) poll: Option<RequestId>,
    /// The newest entries, because more have arrived than a page contains.
    pub(super) jump: Option<RequestId>,
    /// Entries before `older`.
    pub(super) older: Option<RequestId>,
    /// Entries above the rows of a paused log.
    pub(super) newer: Option<RequestId>,
    /// Number of entries in the gap below an entry.
    pub(super) gap: Option<(RequestId, AuditId)>,
    /// Number of entries that are newer than the rows of a paused log.
    pub(super) missed: Option<RequestId>,
}

impl Pending {
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = RequestId> {
        let Self { restart, poll, jump, older, newer, gap, missed } = std::mem::take(self);
        [restart, poll, jump, older, newer, gap.map(|(id, _)| id), missed].into_iter().flatten()
    }
}
