//! Loading of audit entries: the newest at the start, new ones twice a second, older ones while the user scrolls.
//!
//! The server examines a limited number of entries per request. If few of them match the filters, the screen follows
//! the cursors of the pages until it has enough rows, and shows each page as it arrives.
//!
//! If more entries arrive than one page contains, the screen continues with the newest page. It marks the gap and asks
//! the server for the number of entries in the gap. For a paused log, polls request only the number of newer entries.

use doorward_shared::AuditId;
use uuid::Uuid;

use super::{Audit, pending::Pending};
use crate::{
    api::ApiError,
    effect::{RequestId, RequestResult},
    request::{AUDIT_PAGE_SIZE, AuditPage, AuditPosition, BackendRequest, BackendResponse},
    ui::{Tone, UpdateContext},
};

/// Maximum distance in rows between the selection and the end of the list at which older entries are requested. A
/// paused log also requests newer entries if the selection is this close to the start of the list.
const PREFETCH_ROWS: usize = 40;
/// Interval between polls for new entries, in milliseconds. A poll also waits for a tick and for the response. Even
/// then, a new entry appears within a second.
const POLL_MS: i64 = 500;
/// Interval between the requests of a paused log for the number of new entries, in milliseconds.
const COUNT_MS: i64 = 1_000;
/// Time without a poll, in milliseconds, after which a search for older entries stops. Hidden screens do not poll, so
/// their searches stop.
const HIDDEN_MS: i64 = 3_000;

impl Audit {
    fn send(&self, at: AuditPosition, cx: &mut UpdateContext<'_>) -> Option<RequestId> {
        Some(cx.send(BackendRequest::Audit(self.query.clone(), at)))
    }

    /// Requests the newest entries or, if `wanted` is set, that entry and older ones. The response replaces all rows.
    pub(super) fn restart(&mut self, cx: &mut UpdateContext<'_>) {
        self.pending.take_all().for_each(|id| cx.cancel(id));
        self.polled_at = Some(cx.now);
        self.is_behind = false;
        let at = self.wanted.map_or(AuditPosition::Newest, AuditPosition::from);
        self.pending.restart = self.send(at, cx);
    }

    /// Resumes the live log at its newest entry.
    pub(super) fn resume(&mut self, cx: &mut UpdateContext<'_>) {
        (self.paused, self.missed, self.passed_over, self.wanted) = (false, None, 0, None);
        self.selected = None;
        self.selection.select(0, 0);
        self.restart(cx);
    }

    /// Pauses the log, and loads the entries around the given entry.
    pub(super) fn go_to_entry(&mut self, id: AuditId, cx: &mut UpdateContext<'_>) {
        (self.paused, self.wanted) = (true, Some(id));
        self.restart(cx);
    }

    pub(super) fn poll_if_due(&mut self, cx: &mut UpdateContext<'_>) {
        let interval = if self.paused { COUNT_MS } else { POLL_MS };
        if self.polled_at.is_none_or(|at| at.plus_millis(interval) <= cx.now) {
            self.poll(cx);
        }
    }

    /// Requests the entries that are newer than the loaded ones. For a paused log, requests only the number of these
    /// entries.
    pub(super) fn poll(&mut self, cx: &mut UpdateContext<'_>) {
        let Pending { restart, poll, jump, missed, .. } = self.pending;
        if restart.or(poll).or(jump).or(missed).is_some() {
            return;
        }
        let Some(newest) = self.newest else { return self.restart(cx) };
        self.polled_at = Some(cx.now);
        if self.paused {
            let start = self.log.rows.front().map(|row| row.entry.created_at);
            self.pending.missed = Some(cx.send(self.count(start, None)));
        } else if self.is_behind {
            self.pending.jump = self.send(AuditPosition::Newest, cx);
        } else {
            self.pending.poll = self.send(AuditPosition::After(newest), cx);
        }
    }

    /// Requests older entries if the selection is near the last line, and newer entries if the selection is near the
    /// first line of a paused log.
    pub(super) fn load_near_selection(&mut self, cx: &mut UpdateContext<'_>) {
        if self.pending.restart.is_some() {
            return;
        }
        let is_near_end = self.selection.selected + PREFETCH_ROWS >= self.log.rows.len();
        if let Some(older) = self.older.filter(|_| is_near_end && self.pending.older.is_none()) {
            self.pending.older = self.send(AuditPosition::Before(older), cx);
        }
        let wants_newer = self.paused && self.has_newer && self.selection.selected < PREFETCH_ROWS;
        if let Some(newest) = self.newest.filter(|_| wants_newer && self.pending.newer.is_none()) {
            self.pending.newer = self.send(AuditPosition::After(newest), cx);
        }
    }

    /// Handles the response to a request of this log. Returns other responses.
    pub(super) fn handle_entries(
        &mut self,
        response: RequestResult,
        cx: &mut UpdateContext<'_>,
    ) -> Option<RequestResult> {
        let is_response = |id: &mut RequestId| *id == response.id;
        let pending = &mut self.pending;
        if pending.restart.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result, cx) {
                self.replace_rows(page, cx);
                self.load_near_selection(cx);
            }
        } else if pending.poll.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result, cx) {
                self.take_polled(page, cx);
            }
        } else if pending.jump.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result, cx) {
                self.take_newest(page, cx);
            }
        } else if pending.older.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result, cx) {
                self.add_older(page, cx);
                if self.polled_at.is_none_or(|at| cx.now <= at.plus_millis(HIDDEN_MS)) {
                    self.load_near_selection(cx);
                }
            }
        } else if pending.newer.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result, cx) {
                self.extend_upwards(page, cx);
            }
        } else if pending.missed.take_if(is_response).is_some() {
            let first = self.log.rows.front().map(|row| row.entry.created_at);
            self.missed = self.count_of(response.result, first, None, cx);
        } else if let Some((_, above)) = pending.gap.take_if(|(id, _)| *id == response.id) {
            self.take_gap_count(above, response.result, cx);
        } else {
            return Some(response);
        }
        None
    }

    fn page_of(&mut self, result: Result<BackendResponse, ApiError>, cx: &UpdateContext<'_>) -> Option<AuditPage> {
        match result {
            Ok(BackendResponse::Audit(page)) => {
                (self.error, self.responded_at) = (None, Some(cx.now));
                Some(page)
            }
            Ok(_) => None,
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn replace_rows(&mut self, page: AuditPage, cx: &mut UpdateContext<'_>) {
        let wanted = self.wanted.take();
        self.loaded = true;
        (self.missed, self.passed_over) = (None, 0);
        self.has_newer = wanted.is_some();
        // If no entry matches, polling starts at `next` (the end of the examined entries). Without `next`, polling
        // starts before the oldest entry.
        let newest = page.entries.first().map(|row| row.entry.id).or(page.next);
        self.newest = Some(newest.unwrap_or_else(|| AuditId::new(Uuid::nil())));
        self.older = page.next;
        self.change_rows(cx, |log| log.replace(page.entries));
        match wanted {
            None if self.selected.is_none() => self.select_first(),
            None => {}
            Some(wanted) => {
                self.select_entry(wanted);
                if self.selected.is_none() {
                    cx.toast(Tone::Warn, "This log no longer contains the entry, or the filters exclude it");
                }
            }
        }
    }

    /// Adds the entries that a poll returned, oldest first.
    fn take_polled(&mut self, page: AuditPage, cx: &mut UpdateContext<'_>) {
        if self.paused {
            return;
        }
        let is_full = page.entries.len() >= usize::try_from(AUDIT_PAGE_SIZE).unwrap_or(usize::MAX);
        if is_full && page.next.is_some() {
            // Loading all pages up to the newest entry could take so long that even more entries arrive.
            self.is_behind = true;
            self.pending.jump = self.send(AuditPosition::Newest, cx);
            return;
        }
        if page.next.is_some() {
            // Polls again at the next tick.
            self.polled_at = None;
        }
        let newest = page.next.or(page.entries.last().map(|row| row.entry.id)).or(self.newest);
        let rows = page.entries.into_iter().rev().collect();
        self.add_newer(rows, false, newest, cx);
    }

    /// Continues with the newest entries, and marks the gap of skipped entries.
    fn take_newest(&mut self, page: AuditPage, cx: &mut UpdateContext<'_>) {
        if self.paused {
            return;
        }
        let known = self.newest.unwrap_or_else(|| AuditId::new(Uuid::nil()));
        let received = page.entries.len();
        let rows: Vec<_> = page.entries.into_iter().filter(|row| row.entry.id > known).collect();
        let leaves_gap = rows.len() == received && page.next.is_some_and(|next| next > known);
        self.is_behind = leaves_gap;
        let newest = rows.first().map(|row| row.entry.id).or(self.newest);
        let above = rows.last().map(|row| row.entry.id);
        let has_rows = !self.log.rows.is_empty();
        if self.add_newer(rows, leaves_gap, newest, cx) && leaves_gap && has_rows {
            self.count_gap(above, cx);
        }
    }

    /// Adds entries (newest first) at the top. Pauses instead if this would remove the selected entry. Returns whether
    /// the entries were added.
    fn add_newer(
        &mut self,
        rows: Vec<doorward_shared::audit::AdminAuditLogItem>,
        leaves_gap: bool,
        newest: Option<AuditId>,
        cx: &mut UpdateContext<'_>,
    ) -> bool {
        if self.would_cut_selected(rows.len()) {
            (self.paused, self.has_newer) = (true, true);
            return false;
        }
        self.newest = newest;
        let mut was_cut = false;
        self.change_rows(cx, |log| {
            log.add_newer(rows, leaves_gap);
            was_cut = log.cut_oldest();
        });
        if was_cut {
            self.continue_from_oldest(cx);
        }
        true
    }

    /// Continues loading older entries after the last row. Cancels a pending request for older entries, because
    /// the requested page would leave a gap below this row.
    fn continue_from_oldest(&mut self, cx: &mut UpdateContext<'_>) {
        self.older = self.log.oldest();
        if let Some(id) = self.pending.older.take() {
            cx.cancel(id);
        }
    }

    fn add_older(&mut self, page: AuditPage, cx: &mut UpdateContext<'_>) {
        self.older = page.next;
        let mut was_cut = false;
        self.change_rows(cx, |log| {
            log.rows.extend(page.entries);
            was_cut = log.cut_newest();
        });
        if was_cut {
            // The newest rows were removed, so entries that arrive now would not be adjacent to the first row.
            (self.paused, self.has_newer) = (true, true);
            self.newest = self.log.newest();
        }
    }

    /// Adds newer entries (oldest first) above the rows of a paused log.
    fn extend_upwards(&mut self, page: AuditPage, cx: &mut UpdateContext<'_>) {
        if !self.paused {
            return;
        }
        self.has_newer = page.next.is_some();
        self.newest = page.next.or(page.entries.last().map(|row| row.entry.id)).or(self.newest);
        let rows = page.entries.into_iter().rev().collect();
        let mut was_cut = false;
        self.change_rows(cx, |log| {
            log.add_newer(rows, false);
            was_cut = log.cut_oldest();
        });
        if was_cut {
            self.continue_from_oldest(cx);
        }
    }
}
