//! Commands of the search line: editing, completion and application.

use super::{
    Audit,
    completion::{Candidate, candidates},
    search::{self, Reference, quote},
    statistics::top,
};
use crate::ui::{Command, Tone, UpdateContext};

fn reference(cx: &UpdateContext<'_>) -> Reference {
    Reference { now: cx.wall, zone: cx.settings.zone() }
}

impl Audit {
    /// Returns the current filters as a search text.
    pub(super) fn search_text(&self, cx: &UpdateContext<'_>) -> String {
        match &self.search.applied {
            Some((text, query)) if *query == self.query => text.clone(),
            _ => search::format(&self.query, &cx.settings.zone()),
        }
    }

    pub(super) fn search_candidates(&self) -> Vec<Candidate> {
        candidates(self.search.input.input.text(), &self.log.rows)
    }

    /// Applies a search text.
    pub(super) fn search_for(&mut self, text: &str, cx: &mut UpdateContext<'_>) -> Result<(), String> {
        let text = text.trim();
        let query = search::parse(text, &self.query, &reference(cx))?;
        self.search.applied = Some((text.to_owned(), query.clone()));
        self.set_query(query, cx);
        Ok(())
    }

    pub(super) fn perform_search(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Filter => {
                let text = self.search_text(cx);
                self.search.set_text(&if text.is_empty() { text } else { format!("{text} ") });
                self.search.before = self.query.clone();
                self.search.input.active = true;
            }
            Command::Submit => {
                let text = self.search.input.input.text().to_owned();
                match self.search_for(&text, cx) {
                    Ok(()) => self.close_search(),
                    Err(problem) => self.search.problem = Some(problem),
                }
            }
            Command::Complete => self.complete_with(0, cx),
            _ => {
                self.close_search();
                self.set_query(self.search.before.clone(), cx);
            }
        }
    }

    fn close_search(&mut self) {
        self.search.input.take_waiting();
        (self.search.input.active, self.search.problem) = (false, None);
    }

    /// Replaces the last term of the search text with the candidate at `index`.
    pub(super) fn complete_with(&mut self, index: usize, cx: &mut UpdateContext<'_>) {
        if let Some(candidate) = self.search_candidates().into_iter().nth(index) {
            self.search.set_text(&candidate.text);
            self.apply_typed(cx);
        }
    }

    /// While the user types, applies the terms that are complete. If the last term has a field or begins with `!`, it
    /// is ignored until a space follows it, because its value may be incomplete.
    pub(super) fn apply_typed(&mut self, cx: &mut UpdateContext<'_>) {
        let text = self.search.input.input.text().to_owned();
        let last = search::terms(&text).pop().filter(|_| !text.ends_with(char::is_whitespace));
        let is_typed = last.as_ref().is_some_and(|term| term.field.is_some() || term.excludes);
        let complete = last.filter(|_| is_typed).and_then(|term| text.get(..term.start)).unwrap_or(&text);
        match search::parse(complete, &self.query, &reference(cx)) {
            Ok(query) => {
                self.search.applied = Some((complete.trim().to_owned(), query.clone()));
                self.set_query(query, cx);
            }
            Err(problem) => self.search.problem = Some(problem),
        }
    }

    /// Adds a filter that requires or, if `excludes` is true, excludes the selected value of the pane.
    pub(super) fn filter_by_top_value(&mut self, excludes: bool, cx: &mut UpdateContext<'_>) {
        let property = self.pane.property();
        let values = top(&self.log.rows, property);
        let Some((value, _)) = self.pane.values.row().and_then(|row| values.get(row)) else { return };
        let Some(field) = property.field() else {
            return cx.toast(Tone::Warn, format!("Entries cannot be filtered by {}", property.name()));
        };
        let not = if excludes { "!" } else { "" };
        let text = format!("{} {not}{field}:{}", self.search_text(cx), quote(value));
        self.pane.set_property(self.pane.property);
        if let Err(problem) = self.search_for(&text, cx) {
            cx.toast(Tone::Bad, problem);
        }
    }
}
