//! How entries come: the newest at the start, what is new each second, what is older while scrolling. The rows kept are
//! bounded, so that a night of watching costs no memory.

use doorward_shared::audit::AdminAuditLogItem;

use super::Audit;
use crate::{
    api::ApiError,
    backend::{AUDIT_SLICE, Answer, AuditAt, Call},
    message::{Reply, RequestId},
    model::Cx,
};

/// Rows that are kept.
const MOST_ROWS: usize = 2_000;
/// How near to the last row older ones are asked for.
const AHEAD: usize = 40;
/// How often is asked for what is new.
const POLL_MS: i64 = 1_000;

fn is_whole_slice(rows: &[AdminAuditLogItem]) -> bool {
    u32::try_from(rows.len()).is_ok_and(|count| count >= AUDIT_SLICE)
}

impl Audit {
    /// Asks for the newest entries, in place of all that is shown.
    pub(super) fn restart(&mut self, cx: &mut Cx<'_>) {
        for id in [self.fresh.take(), self.newer.take(), self.older.take()].into_iter().flatten() {
            cx.cancel(id);
        }
        self.asked_at = Some(cx.now);
        self.fresh = Some(cx.ask(Call::Audit(self.query.clone(), AuditAt::Newest)));
    }

    /// Lets the log go on, from its end.
    pub(super) fn resume(&mut self, cx: &mut Cx<'_>) {
        self.paused = false;
        self.missed = 0;
        self.cursor.select(0, self.rows.len());
        self.restart(cx);
    }

    pub(super) fn poll_when_due(&mut self, cx: &mut Cx<'_>) {
        if self.asked_at.is_none_or(|at| at.plus_millis(POLL_MS) <= cx.now) {
            self.poll(cx);
        }
    }

    /// Asks for what came since the newest entry that was seen.
    pub(super) fn poll(&mut self, cx: &mut Cx<'_>) {
        if self.fresh.is_some() || self.newer.is_some() {
            return;
        }
        match self.newest {
            Some(newest) => {
                self.asked_at = Some(cx.now);
                self.newer = Some(cx.ask(Call::Audit(self.query.clone(), AuditAt::After(newest))));
            }
            None => self.restart(cx),
        }
    }

    /// Asks for older entries when the selection comes near the last row.
    pub(super) fn load_older(&mut self, cx: &mut Cx<'_>) {
        let near = self.cursor.selected + AHEAD >= self.rows.len();
        if !near || self.complete || self.older.is_some() || self.fresh.is_some() {
            return;
        }
        if let Some(oldest) = self.rows.back().map(|row| row.entry.id) {
            self.older = Some(cx.ask(Call::Audit(self.query.clone(), AuditAt::Before(oldest))));
        }
    }

    /// Takes an answer, or gives it back when it is for somebody else.
    pub(super) fn take(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<Reply> {
        let is = |pending: Option<RequestId>| pending == Some(reply.id);
        if is(self.fresh) {
            self.fresh = None;
            if let Some(rows) = self.rows_of(reply.result) {
                self.show_fresh(rows);
            }
        } else if is(self.newer) {
            self.newer = None;
            if let Some(rows) = self.rows_of(reply.result) {
                if is_whole_slice(&rows) {
                    self.asked_at = None;
                }
                self.add_newer(rows);
            }
        } else if is(self.older) {
            self.older = None;
            if let Some(rows) = self.rows_of(reply.result) {
                self.add_older(rows);
            }
            self.load_older(cx);
        } else {
            return Some(reply);
        }
        None
    }

    fn rows_of(&mut self, result: Result<Answer, ApiError>) -> Option<Vec<AdminAuditLogItem>> {
        match result {
            Ok(Answer::Audit(rows)) => {
                self.error = None;
                Some(rows)
            }
            Ok(_) => None,
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }

    fn show_fresh(&mut self, rows: Vec<AdminAuditLogItem>) {
        let kept = self.wanted.take().or_else(|| self.selected().map(|row| row.entry.id));
        let at_top = self.cursor.selected == 0;
        self.complete = !is_whole_slice(&rows);
        self.loaded = true;
        self.missed = 0;
        self.newest = rows.first().map(|row| row.entry.id);
        self.rows = rows.into();
        let found = kept.and_then(|id| self.rows.iter().position(|row| row.entry.id == id));
        let follows = at_top && !self.details;
        self.cursor.select(found.filter(|_| !follows).unwrap_or(0), self.rows.len());
    }

    /// Entries arrive oldest first; they go to the top one by one.
    fn add_newer(&mut self, rows: Vec<AdminAuditLogItem>) {
        let Some(newest) = rows.last().map(|row| row.entry.id) else { return };
        self.newest = Some(newest);
        let count = rows.len();
        if self.paused {
            self.missed = self.missed.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            return;
        }
        for row in rows {
            self.rows.push_front(row);
        }
        if self.rows.len() > MOST_ROWS {
            self.rows.truncate(MOST_ROWS);
            self.complete = false;
        }
        // Who reads further down, or reads details, keeps the entry in view; who watches the top sees it move on.
        if self.cursor.selected > 0 || self.details {
            let (offset, selected) = (self.cursor.offset, self.cursor.selected + count);
            self.cursor.offset = if selected - count == offset || offset > 0 { offset + count } else { offset };
            self.cursor.select(selected, self.rows.len());
        }
    }

    fn add_older(&mut self, rows: Vec<AdminAuditLogItem>) {
        self.complete = !is_whole_slice(&rows);
        self.rows.extend(rows);
        let surplus = self.rows.len().saturating_sub(MOST_ROWS);
        if surplus > 0 {
            // The newest go, so the log no longer reaches to now: it stands still until somebody resumes it.
            self.rows.drain(..surplus);
            self.paused = true;
            self.cursor.offset = self.cursor.offset.saturating_sub(surplus);
            self.cursor.select(self.cursor.selected.saturating_sub(surplus), self.rows.len());
        }
    }
}
