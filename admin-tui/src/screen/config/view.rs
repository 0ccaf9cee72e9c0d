//! Drawing of the configuration form.

use doorward_shared::admin::ConfigProblem;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{ConfigForm, config_field::Group, rows::Value};
use crate::ui::{Canvas, ClickTarget, Tone, View, WIDE, below, right_of, row};

const LABEL_WIDTH: u16 = 19;
/// Minimum width for showing all choices of a field. Narrower areas show only the chosen one.
const CHOICES_MIN_WIDTH: u16 = 46;

/// Groups of the left and the right column of a wide form.
const COLUMNS: ([Group; 5], [Group; 4]) = (
    [Group::RelyingParty, Group::OtherSites, Group::Browsers, Group::TokensAndLimits, Group::PasskeyTrust],
    [Group::Passkeys, Group::SecondFactors, Group::Options, Group::SecondFactorTrust],
);

enum FormLine {
    Blank,
    Heading(Group),
    Row(usize),
}

impl View for ConfigForm {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let problems = self.problems();
        let rows = [Constraint::Fill(1), Constraint::Length(1), Constraint::Length(2)];
        let [body, _, footer] = Layout::vertical(rows).areas(area);
        if area.width >= WIDE {
            let columns = [Constraint::Fill(1), Constraint::Fill(1)];
            let [left, right] = Layout::horizontal(columns).spacing(2).areas(body);
            let (first, second) = COLUMNS;
            self.draw_groups(canvas, &first, &problems, left);
            self.draw_groups(canvas, &second, &problems, right);
        } else {
            self.draw_groups(canvas, &Group::ALL, &problems, body);
        }
        canvas.info.list_height = usize::from(body.height);
        self.draw_footer(canvas, &problems, right_of(footer, 1));
    }
}

/// Draws the choices of a row. Each is a click target. If there is little room, draws only the chosen one, and a click
/// opens the row.
fn draw_choices(canvas: &mut Canvas<'_>, area: Rect, row: usize, choices: &[&str], chosen: usize) {
    let mut rest = area;
    // Each choice has three more columns: brackets and a space, or only spaces.
    let width: usize = choices.iter().map(|text| text.len() + 3).sum();
    let has_room = area.width >= CHOICES_MIN_WIDTH && width <= usize::from(area.width);
    for (choice, text) in choices.iter().enumerate() {
        let used = if choice == chosen {
            canvas.line(rest, &[("‹", Tone::Accent), (text, Tone::Accent), ("› ", Tone::Accent)])
        } else if has_room {
            canvas.line(rest, &[(" ", Tone::Dim), (text, Tone::Dim), ("  ", Tone::Dim)])
        } else {
            continue;
        };
        if has_room {
            canvas.target(Rect { width: used, ..rest }, ClickTarget::Choice { row, choice });
        }
        rest = right_of(rest, used);
    }
}

impl ConfigForm {
    fn lines_of(&self, groups: &[Group]) -> Vec<FormLine> {
        let mut lines = Vec::new();
        for &group in groups {
            if !lines.is_empty() {
                lines.push(FormLine::Blank);
            }
            lines.push(FormLine::Heading(group));
            let rows = self.rows.iter().enumerate().filter(|(_, row)| row.field.group == group);
            lines.extend(rows.map(|(index, _)| FormLine::Row(index)));
        }
        lines
    }

    fn draw_groups(&self, canvas: &mut Canvas<'_>, groups: &[Group], problems: &[ConfigProblem], area: Rect) {
        let lines = self.lines_of(groups);
        let height = usize::from(area.height);
        let is_selected = |line: &FormLine| matches!(line, FormLine::Row(row) if *row == self.selection.selected);
        // The list also scrolls far enough to show the line below the selected row.
        let wanted = lines.iter().position(is_selected).map_or(0, |at| (at + 2).saturating_sub(height));
        let first = wanted.min(lines.len().saturating_sub(height));
        for (index, line) in (0..area.height).zip(lines.iter().skip(first)) {
            let place = row(area, index);
            match line {
                FormLine::Blank => {}
                FormLine::Heading(group) => {
                    let place = Rect { width: area.width.saturating_sub(2), ..right_of(place, 1) };
                    canvas.heading(place, group.heading(), false);
                }
                FormLine::Row(row) => self.draw_row(canvas, *row, problems, place),
            }
        }
        canvas.scrollbar(right_of(area, area.width.saturating_sub(1)), first, lines.len());
    }

    fn draw_row(&self, canvas: &mut Canvas<'_>, index: usize, problems: &[ConfigProblem], area: Rect) {
        let Some(row) = self.rows.get(index) else { return };
        canvas.target(area, ClickTarget::Row(index));
        let is_selected = index == self.selection.selected;
        let has_problem = self.problem_of(index, problems).is_some();
        let (mark, tone) = if has_problem { (" ✗ ", Tone::Bad) } else { ("   ", Tone::Dim) };
        canvas.line(area, &[(mark, tone), (row.field.label, tone)]);
        let place = right_of(area, 3 + LABEL_WIDTH);
        let place = Rect { width: place.width.saturating_sub(2), ..place };
        match &row.value {
            Value::Text(input) if is_selected && self.editing => canvas.text_input(place, input, true),
            Value::Text(input) if input.text().is_empty() => {
                canvas.line(place, &[(if row.field.is_list() { "+ add" } else { "–" }, Tone::Dim)]);
            }
            Value::Text(input) => {
                canvas.line(place, &[(input.text(), Tone::Plain)]);
            }
            Value::Choice(choices, chosen) => draw_choices(canvas, place, index, choices, *chosen),
        }
        if is_selected && !self.editing {
            canvas.set_style(area, canvas.theme.selected(true));
            canvas.line(Rect { width: 1, ..area }, &[("▌", Tone::Accent)]);
        }
    }

    /// Draws the problem or the explanation of the selected row, and the state of the form.
    fn draw_footer(&self, canvas: &mut Canvas<'_>, problems: &[ConfigProblem], area: Rect) {
        let hint = self.rows.get(self.selection.selected).map_or("", |row| row.field.hint);
        match self.problem_of(self.selection.selected, problems) {
            Some(problem) => canvas.line(area, &[("✗ ", Tone::Bad), (&problem, Tone::Bad)]),
            None => canvas.line(area, &[(hint, Tone::Dim)]),
        };
        let (state, tone) = self.state(canvas.spinner(), problems);
        canvas.line(below(area, 1), &[(&state, tone)]);
    }

    fn state(&self, spinner: &str, problems: &[ConfigProblem]) -> (String, Tone) {
        match (problems, &self.check.error) {
            _ if self.theirs.is_some() => {
                ("✗ press w to compare: another administrator changed the same settings".to_owned(), Tone::Bad)
            }
            _ if !self.is_changed() => ("no unsaved changes".to_owned(), Tone::Dim),
            _ if self.check.is_pending() || self.check_due_at.is_some() => (format!("{spinner} checking…"), Tone::Dim),
            ([], Some(error)) => (format!("● unsaved changes, not checked: {error}"), Tone::Warn),
            ([], None) => ("● unsaved changes, valid".to_owned(), Tone::Warn),
            ([problem], _) => (format!("✗ {}: {}", problem.field, problem.message), Tone::Bad),
            ([first, ..], _) => {
                (format!("✗ {} problems, the first: {}: {}", problems.len(), first.field, first.message), Tone::Bad)
            }
        }
    }
}
