//! The selected line of a log. It is identified by its entry or gap, so that it stays selected when lines are added.

use doorward_shared::{AuditId, audit::AdminAuditLogItem};

use super::{
    Audit,
    log::{Line, LineKey, Log, MAX_ROWS},
};
use crate::ui::{Selection, UpdateContext};

impl Audit {
    pub(super) fn selected(&self) -> Option<&AdminAuditLogItem> {
        match self.selected? {
            LineKey::Entry(id) => self.log.rows.iter().find(|row| row.entry.id == id),
            LineKey::Gap(_) => None,
        }
    }

    fn position(&self, key: LineKey) -> Option<usize> {
        self.lines.iter().position(|line| self.log.key(*line) == Some(key))
    }

    /// Returns whether the selection moves with the newest entry: the first line is selected, and no entry is open.
    fn follows_newest(&self) -> bool {
        let is_first = self.selected.is_none_or(|key| self.log.newest().map(LineKey::Entry) == Some(key));
        is_first && !self.paused && !self.pane.is_open && !self.pane.is_focused
    }

    /// Returns whether the selected entry would be removed if this number of entries were added at the top.
    pub(super) fn would_cut_selected(&self, added: usize) -> bool {
        let selected = self.log.rows.iter().position(|row| Some(LineKey::Entry(row.entry.id)) == self.selected);
        !self.follows_newest() && selected.is_some_and(|index| index + added >= MAX_ROWS)
    }

    /// Changes the log. The selected line stays selected and keeps its position on the screen.
    pub(super) fn change_rows(&mut self, cx: &UpdateContext<'_>, change: impl FnOnce(&mut Log)) {
        let follows_newest = self.follows_newest();
        let is_cleared = self.selected.is_none() && !self.log.rows.is_empty() && !follows_newest;
        let old_values = self.pane.values(&self.log.rows);
        change(&mut self.log);
        self.pane.values.follow(&old_values, &self.pane.values(&self.log.rows), String::clone);
        self.update_time(cx);
        self.lines = self.log.lines(cx.wall, &self.zone);
        let found = self.selected.filter(|_| !follows_newest).and_then(|key| self.position(key));
        match found {
            Some(line) => self.move_to(line),
            None if is_cleared => self.select_line(None),
            None => self.select_first(),
        }
    }

    pub(super) fn select_first(&mut self) {
        let first = self.lines.iter().position(|line| matches!(line, Line::Entry(_)));
        self.select_line(first);
    }

    /// Updates the state that depends on the time and the zone.
    fn update_time(&mut self, cx: &UpdateContext<'_>) {
        self.zone = cx.settings.zone();
        self.has_ended = self.query.end.is_some_and(|end| end <= cx.wall);
        self.silence = self.responded_at.map_or(0, |at| cx.now.millis().saturating_sub(at.millis()));
    }

    /// Updates the lines that show dates, and the state that depends on the time.
    pub(super) fn update_lines(&mut self, cx: &UpdateContext<'_>) {
        self.update_time(cx);
        let lines = self.log.lines(cx.wall, &self.zone);
        if lines != self.lines {
            self.lines = lines;
            if let Some(line) = self.selected.and_then(|key| self.position(key)) {
                self.move_to(line);
            }
        }
    }

    /// Sets the position of the selected line after its entry has moved.
    fn move_to(&mut self, line: usize) {
        let Selection { offset, selected, .. } = self.selection;
        if selected == offset || offset > 0 {
            self.selection.offset = (offset + line).saturating_sub(selected);
        }
        self.selection.select(line, self.lines.len());
    }

    fn select_line(&mut self, line: Option<usize>) {
        self.selection.select_found(line, self.lines.len());
        let key = line.and_then(|line| self.lines.get(line)).and_then(|line| self.log.key(*line));
        if key != self.selected {
            self.selected = key;
            self.pane.scroll_to_start();
        }
    }

    /// Selects an entry, or nothing if it is not loaded.
    pub(super) fn select_entry(&mut self, id: AuditId) {
        self.select_line(self.position(LineKey::Entry(id)));
    }

    /// Completes a movement of the selection. Lines with dates are skipped.
    pub(super) fn line_selected(&mut self) {
        let line = self.selection.selected;
        let is_date = matches!(self.lines.get(line), Some(Line::Date(_)));
        let moved_up = self.selected.and_then(|key| self.position(key)).is_some_and(|before| before > line);
        let line = match (is_date, moved_up) {
            (false, _) => line,
            (true, true) if line > 0 => line - 1,
            (true, _) => line + 1,
        };
        self.select_line(Some(line).filter(|line| *line < self.lines.len()));
    }
}
