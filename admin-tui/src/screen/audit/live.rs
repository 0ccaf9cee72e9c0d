//! Loading of audit entries: the newest at the start, new ones every second, older ones while scrolling. The number of
//! rows is limited, so that memory use stays limited even if the log is open for a long time.
//!
//! The server examines a limited number of entries per request. If few of them match the filters, the screen follows
//! the cursors of the pages until it has enough rows, and shows each page as it arrives.

use doorward_shared::AuditId;
use uuid::Uuid;

use super::Audit;
use crate::{
    api::ApiError,
    effect::{RequestId, RequestResult},
    request::{AuditPage, AuditPosition, BackendRequest, BackendResponse},
    ui::{Selection, UpdateContext},
};

const MAX_ROWS: usize = 2_000;
/// Older entries are requested if the selection is at most this number of rows above the last row.
const PREFETCH_ROWS: usize = 40;
/// Interval between polls for new entries, in milliseconds.
const POLL_MS: i64 = 1_000;
/// A search for older entries stops after this time (in ms) without a poll, because the screen is then hidden.
const HIDDEN_MS: i64 = 3_000;

impl Audit {
    fn send(&self, at: AuditPosition, cx: &mut UpdateContext<'_>) -> Option<RequestId> {
        Some(cx.send(BackendRequest::Audit(self.query.clone(), at)))
    }

    /// Requests the newest entries, which replace all rows.
    pub(super) fn restart(&mut self, cx: &mut UpdateContext<'_>) {
        let pending = [self.restarting.take(), self.polling.take(), self.loading_older.take()];
        pending.into_iter().flatten().for_each(|id| cx.cancel(id));
        self.polled_at = Some(cx.now);
        self.restarting = self.send(AuditPosition::Newest, cx);
    }

    /// Resumes the live log at its newest entry.
    pub(super) fn resume(&mut self, cx: &mut UpdateContext<'_>) {
        self.paused = false;
        self.missed = 0;
        self.selection.select(0, self.rows.len());
        self.restart(cx);
    }

    pub(super) fn poll_if_due(&mut self, cx: &mut UpdateContext<'_>) {
        if self.polled_at.is_none_or(|at| at.plus_millis(POLL_MS) <= cx.now) {
            self.poll(cx);
        }
    }

    /// Requests the entries that are newer than those that have arrived.
    pub(super) fn poll(&mut self, cx: &mut UpdateContext<'_>) {
        if self.restarting.is_some() || self.polling.is_some() {
            return;
        }
        match self.newest {
            Some(newest) => {
                self.polled_at = Some(cx.now);
                self.polling = self.send(AuditPosition::After(newest), cx);
            }
            None => self.restart(cx),
        }
    }

    /// Requests older entries if the selection is near the last row.
    pub(super) fn load_older(&mut self, cx: &mut UpdateContext<'_>) {
        let is_near_end = self.selection.selected + PREFETCH_ROWS >= self.rows.len();
        let is_pending = self.loading_older.is_some() || self.restarting.is_some();
        if let Some(older) = self.older.filter(|_| is_near_end && !is_pending) {
            self.loading_older = self.send(AuditPosition::Before(older), cx);
        }
    }

    /// Handles the response to a request of this log. Returns other responses.
    pub(super) fn handle_entries(
        &mut self,
        response: RequestResult,
        cx: &mut UpdateContext<'_>,
    ) -> Option<RequestResult> {
        let is_response = |id: &mut RequestId| *id == response.id;
        if self.restarting.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result) {
                self.replace_rows(page);
                self.load_older(cx);
            }
        } else if self.polling.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result) {
                if page.next.is_some() {
                    // Polls again at the next tick.
                    self.polled_at = None;
                }
                self.add_newer(page);
            }
        } else if self.loading_older.take_if(is_response).is_some() {
            if let Some(page) = self.page_of(response.result) {
                self.add_older(page);
                if self.polled_at.is_none_or(|at| cx.now <= at.plus_millis(HIDDEN_MS)) {
                    self.load_older(cx);
                }
            }
        } else {
            return Some(response);
        }
        None
    }

    fn page_of(&mut self, result: Result<BackendResponse, ApiError>) -> Option<AuditPage> {
        match result {
            Ok(BackendResponse::Audit(page)) => {
                self.error = None;
                Some(page)
            }
            Ok(_) => None,
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn replace_rows(&mut self, page: AuditPage) {
        let kept = self.wanted.take().or_else(|| self.selected().map(|row| row.entry.id));
        let follows_newest = self.selection.selected == 0 && !self.show_details;
        self.loaded = true;
        self.missed = 0;
        // If no entry matches, polling starts at `next` (the end of the examined entries) or at the oldest entry.
        let newest = page.entries.first().map(|row| row.entry.id).or(page.next);
        self.newest = Some(newest.unwrap_or_else(|| AuditId::new(Uuid::nil())));
        self.older = page.next;
        self.rows = page.entries.into();
        let found = kept.and_then(|id| self.rows.iter().position(|row| row.entry.id == id));
        self.selection.select(found.filter(|_| !follows_newest).unwrap_or(0), self.rows.len());
    }

    /// Adds entries at the top. The page contains the oldest entry first.
    fn add_newer(&mut self, page: AuditPage) {
        let rows = page.entries;
        self.newest = page.next.or(rows.last().map(|row| row.entry.id)).or(self.newest);
        let count = rows.len();
        if self.paused {
            self.missed = self.missed.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            return;
        }
        for row in rows {
            self.rows.push_front(row);
        }
        if self.rows.len() > MAX_ROWS {
            self.rows.truncate(MAX_ROWS);
            self.older = self.rows.back().map(|row| row.entry.id);
        }
        // The selection stays on its entry, unless it is at the top and follows the newest entry.
        if self.selection.selected > 0 || self.show_details {
            let Selection { offset, selected, .. } = self.selection;
            self.selection.offset = if selected == offset || offset > 0 { offset + count } else { offset };
            self.selection.select(selected + count, self.rows.len());
        }
    }

    fn add_older(&mut self, page: AuditPage) {
        self.older = page.next;
        self.rows.extend(page.entries);
        let surplus = self.rows.len().saturating_sub(MAX_ROWS);
        if surplus > 0 {
            // The newest rows are removed. The log is paused, because a gap would separate new entries from its rows.
            self.rows.drain(..surplus);
            self.paused = true;
            self.selection.offset = self.selection.offset.saturating_sub(surplus);
            self.selection.select(self.selection.selected.saturating_sub(surplus), self.rows.len());
        }
    }
}
