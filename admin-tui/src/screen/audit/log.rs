//! The loaded part of an audit log: entries, and the gaps between them.

use std::collections::VecDeque;

use doorward_shared::{AuditId, Timestamp, audit::AdminAuditLogItem};

use crate::{api::Total, zone::Zone};

/// Maximum number of entries, so that memory use stays limited even if the log is open for a long time.
pub(super) const MAX_ROWS: usize = 2_000;

/// Entries that were passed over to follow a busy log. The gap lies between two loaded entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    /// The oldest entry above the gap.
    pub(super) above: AuditId,
    /// The newest entry below the gap.
    pub(super) below: AuditId,
    /// Number of entries in the gap, once the server has counted them.
    pub(super) count: Option<Total>,
}

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The entry at this index.
    Entry(usize),
    /// A date, as the start of the day in the zone of the screen.
    Date(Timestamp),
    /// The gap at this index.
    Gap(usize),
}

/// Key of a selectable line. It still identifies the line after the log has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKey {
    Entry(AuditId),
    /// The gap below an entry.
    Gap(AuditId),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    /// The entries, newest first.
    pub(super) rows: VecDeque<AdminAuditLogItem>,
    pub(super) gaps: Vec<Gap>,
}

fn day(at: Timestamp, zone: &Zone) -> i64 {
    zone.to_local(at).day()
}

impl Log {
    pub(super) fn newest(&self) -> Option<AuditId> {
        self.rows.front().map(|row| row.entry.id)
    }

    pub(super) fn oldest(&self) -> Option<AuditId> {
        self.rows.back().map(|row| row.entry.id)
    }

    /// Returns the lines of the list. A date precedes the first entry of each day. If the newest entry is from today,
    /// no date precedes it.
    pub(super) fn lines(&self, now: Timestamp, zone: &Zone) -> Vec<Line> {
        let mut lines = Vec::with_capacity(self.rows.len() + self.gaps.len() + 8);
        let mut last_day = day(now, zone);
        for (index, row) in self.rows.iter().enumerate() {
            let this_day = day(row.entry.created_at, zone);
            if this_day != last_day {
                lines.push(Line::Date(Timestamp::of_day(this_day)));
                last_day = this_day;
            }
            lines.push(Line::Entry(index));
            if let Some(gap) = self.gaps.iter().position(|gap| gap.above == row.entry.id) {
                lines.push(Line::Gap(gap));
            }
        }
        lines
    }

    pub(super) fn key(&self, line: Line) -> Option<LineKey> {
        match line {
            Line::Entry(index) => self.rows.get(index).map(|row| LineKey::Entry(row.entry.id)),
            Line::Gap(index) => self.gaps.get(index).map(|gap| LineKey::Gap(gap.above)),
            Line::Date(_) => None,
        }
    }

    pub(super) fn replace(&mut self, rows: Vec<AdminAuditLogItem>) {
        self.rows = rows.into();
        self.gaps.clear();
    }

    /// Adds newer entries (newest first) at the top. If entries are missing between these entries and the existing
    /// rows, adds a gap.
    pub(super) fn add_newer(&mut self, rows: Vec<AdminAuditLogItem>, leaves_gap: bool) {
        if let (true, Some(above), Some(below)) = (leaves_gap, rows.last().map(|row| row.entry.id), self.newest()) {
            self.gaps.push(Gap { above, below, count: None });
        }
        for row in rows.into_iter().rev() {
            self.rows.push_front(row);
        }
    }

    /// Removes the oldest entries until [`MAX_ROWS`] are left. Returns whether any were removed.
    pub(super) fn cut_oldest(&mut self) -> bool {
        let is_too_long = self.rows.len() > MAX_ROWS;
        self.rows.truncate(MAX_ROWS);
        if let Some(oldest) = self.oldest().filter(|_| is_too_long) {
            self.gaps.retain(|gap| gap.below >= oldest);
        }
        is_too_long
    }

    /// Removes the newest entries until [`MAX_ROWS`] are left. Returns whether any were removed.
    pub(super) fn cut_newest(&mut self) -> bool {
        let surplus = self.rows.len().saturating_sub(MAX_ROWS);
        self.rows.drain(..surplus);
        if let Some(newest) = self.newest().filter(|_| surplus > 0) {
            self.gaps.retain(|gap| gap.above <= newest);
        }
        surplus > 0
    }

    /// Returns the number of loaded entries whose time is in a range (both ends inclusive).
    pub(super) fn count_between(&self, start: Timestamp, end: Timestamp) -> u64 {
        let is_inside = |row: &&AdminAuditLogItem| (start..=end).contains(&row.entry.created_at);
        u64::try_from(self.rows.iter().filter(is_inside).count()).unwrap_or(u64::MAX)
    }
}
