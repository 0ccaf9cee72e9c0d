//! Counting of entries that are not loaded: those in gaps, and those above the rows of a paused log.

use doorward_shared::{AuditId, Timestamp};

use super::{Audit, log::Gap};
use crate::{
    api::{ApiError, AuditQuery, Total},
    request::{BackendRequest, BackendResponse},
    ui::UpdateContext,
};

impl Audit {
    /// Creates a request for the number of entries in a range of time (both ends inclusive).
    pub(super) fn count(&self, start: Option<Timestamp>, end: Option<Timestamp>) -> BackendRequest {
        let query = &self.query;
        let end = end.map(|end| end.plus_millis(1)).into_iter().chain(query.end).min();
        BackendRequest::AuditCount(AuditQuery { start: start.max(query.start), end, ..query.clone() })
    }

    /// Returns the server's count of the entries in a range of time, minus the number of those that are loaded.
    pub(super) fn count_of(
        &mut self,
        result: Result<BackendResponse, ApiError>,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
        cx: &UpdateContext<'_>,
    ) -> Option<Total> {
        match result {
            Ok(BackendResponse::AuditCount(total)) => {
                (self.error, self.responded_at) = (None, Some(cx.now));
                let end = end.unwrap_or(Timestamp::from_millis(i64::MAX));
                let loaded = start.map_or(0, |start| self.log.count_between(start, end));
                Some(total.minus(loaded))
            }
            Ok(_) => None,
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn gap_range(&self, above: AuditId) -> Option<(&Gap, Timestamp, Timestamp)> {
        let gap = self.log.gaps.iter().find(|gap| gap.above == above)?;
        let time = |id: AuditId| self.log.rows.iter().find(|row| row.entry.id == id).map(|row| row.entry.created_at);
        Some((gap, time(gap.below)?, time(gap.above)?))
    }

    pub(super) fn count_gap(&mut self, above: Option<AuditId>, cx: &mut UpdateContext<'_>) {
        let Some(above) = above.filter(|_| self.pending.gap.is_none()) else { return };
        if let Some((_, start, end)) = self.gap_range(above) {
            self.pending.gap = Some((cx.send(self.count(Some(start), Some(end))), above));
        }
    }

    pub(super) fn take_gap_count(
        &mut self,
        above: AuditId,
        result: Result<BackendResponse, ApiError>,
        cx: &mut UpdateContext<'_>,
    ) {
        let range = self.gap_range(above).map(|(_, start, end)| (start, end));
        let Some((start, end)) = range else { return };
        let count = self.count_of(result, Some(start), Some(end), cx);
        if let Some(gap) = self.log.gaps.iter_mut().find(|gap| gap.above == above) {
            gap.count = count;
        }
        self.passed_over = self.passed_over.saturating_add(count.map_or(0, Total::number));
        let uncounted = self.log.gaps.iter().rev().find(|gap| gap.count.is_none()).map(|gap| gap.above);
        if count.is_some() {
            self.count_gap(uncounted, cx);
        }
    }
}
