//! A tenant's configuration as a form: one row per value, checked by the server while the user types.

mod config_field;
mod merge;
mod rows;
mod trust_fields;
mod view;

use doorward_shared::{
    Timestamp,
    admin::{ConfigCheck, ConfigProblem},
    config::TenantConfig,
};

use crate::{
    config_diff::{Change, diff},
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{Remote, Selection, TextInput, Tone, UpdateContext, pick},
};
use config_field::ConfigField;
use rows::{ConfigRow, Value};
use trust_fields::all_fields;

/// Delay in milliseconds: the server checks the configuration when the user has not typed for this long.
const PAUSE_MS: i64 = 300;

/// A configuration with its version on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Versioned {
    config: TenantConfig,
    version: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ConfigForm {
    rows: Vec<ConfigRow>,
    selection: Selection,
    editing: bool,
    /// The configuration on the server from which the unsaved changes started.
    saved: Versioned,
    /// A newer configuration on the server, which the user must compare with the unsaved changes.
    theirs: Option<Versioned>,
    /// A configuration that arrived while a row was being edited.
    arrived: Option<Versioned>,
    check: Remote<ConfigCheck>,
    check_due_at: Option<Timestamp>,
    /// The text of the edited row before editing.
    text_before: String,
}

impl ConfigForm {
    pub fn new(config: TenantConfig, version: Option<String>) -> Self {
        Self::showing(Versioned { config, version })
    }

    fn showing(saved: Versioned) -> Self {
        Self {
            rows: rows::from_config(&saved.config),
            selection: Selection::default(),
            editing: false,
            saved,
            theirs: None,
            arrived: None,
            check: Remote::default(),
            check_due_at: None,
            text_before: String::new(),
        }
    }

    /// Discards the unsaved changes.
    pub fn revert(&mut self) {
        let newest = self.theirs.take().unwrap_or_else(|| self.saved.clone());
        let selection = self.selection;
        *self = Self { selection, ..Self::showing(newest) };
        self.selection.select(selection.selected, self.rows.len());
    }

    /// Returns the edited configuration. Fails if a value cannot be parsed, such as a timeout that is not a number.
    pub fn config(&self) -> Result<TenantConfig, ConfigProblem> {
        rows::to_config(&self.rows, &self.saved.config)
    }

    /// Returns the configuration from which the unsaved changes started, and its version.
    pub const fn saved(&self) -> (&TenantConfig, &Option<String>) {
        (&self.saved.config, &self.saved.version)
    }

    pub fn is_changed(&self) -> bool {
        self.config().as_ref() != Ok(&self.saved.config)
    }

    pub const fn is_editing(&self) -> bool {
        self.editing
    }

    pub const fn selection_and_len(&mut self) -> (&mut Selection, usize) {
        (&mut self.selection, self.rows.len())
    }

    pub fn problems(&self) -> Vec<ConfigProblem> {
        match self.config() {
            Err(problem) => vec![problem],
            Ok(_) if self.is_changed() => self.check.value.clone().unwrap_or_default().problems,
            Ok(_) => Vec::new(),
        }
    }

    fn problem_of(&self, index: usize, problems: &[ConfigProblem]) -> Option<String> {
        let row = self.rows.get(index)?;
        let mut path = row.field.path.to_owned();
        if row.field.is_list() && !row.is_blank() {
            let before = self.rows.iter().take(index).filter(|it| it.is_of(row.field) && !it.is_blank()).count();
            path = format!("{path}[{before}]");
        }
        problems.iter().find(|problem| problem.field == path).map(|problem| problem.message.clone())
    }

    /// Lists the unsaved changes: each path, removed values with `-`, and added values with `+`.
    pub fn changes(&self, config: &TenantConfig) -> Vec<(Tone, String)> {
        let mut lines = Vec::new();
        for Change { path, old, new } in diff(&rows::to_json(&self.saved.config), &rows::to_json(config)) {
            let (old, new) = (rows::texts_of(old.as_ref()), rows::texts_of(new.as_ref()));
            lines.push((Tone::Dim, path));
            let removed = old.iter().filter(|value| !new.contains(value));
            lines.extend(removed.map(|value| (Tone::Bad, format!("  - {value}"))));
            let added = new.iter().filter(|value| !old.contains(value));
            lines.extend(added.map(|value| (Tone::Good, format!("  + {value}"))));
        }
        lines
    }

    fn selected(&mut self) -> Option<&mut ConfigRow> {
        self.rows.get_mut(self.selection.selected)
    }

    /// Starts editing the selected row or, if the row has choices, selects the next choice.
    pub fn edit(&mut self, cx: &UpdateContext<'_>) {
        let Some(row) = self.selected() else { return };
        let text = row.text().to_owned();
        match &mut row.value {
            Value::Text(_) => {
                self.text_before = text;
                self.editing = true;
            }
            Value::Choice(choices, chosen) => {
                *chosen = (*chosen + 1) % choices.len().max(1);
                self.schedule_check(cx);
            }
        }
    }

    /// Selects a row and one of its choices.
    pub fn choose(&mut self, row: usize, choice: usize, cx: &UpdateContext<'_>) {
        self.selection.select(row, self.rows.len());
        if let Some(ConfigRow { value: Value::Choice(choices, chosen), .. }) = self.rows.get_mut(row)
            && choice < choices.len()
        {
            *chosen = choice;
            self.schedule_check(cx);
        }
    }

    /// Ends editing. Restores the previous text unless `keep` is true.
    pub fn end_edit(&mut self, keep: bool, cx: &UpdateContext<'_>) {
        self.editing = false;
        let before = std::mem::take(&mut self.text_before);
        if !keep && let Some(ConfigRow { value: Value::Text(input), .. }) = self.selected() {
            *input = TextInput::new(&before);
        }
        self.schedule_check(cx);
        all_fields().filter(|field| field.is_list()).for_each(|field| self.tidy_list(field));
        if let Some(arrived) = self.arrived.take() {
            self.adopt(arrived);
        }
    }

    /// Replaces the blank rows of a list with a single blank row at the end of the list. The same row stays selected.
    fn tidy_list(&mut self, field: &'static ConfigField) {
        let selected = self.selection.selected;
        let is_blank = |row: &ConfigRow| row.is_of(field) && row.is_blank();
        let on_blank = self.rows.get(selected).is_some_and(is_blank);
        let removed = self.rows.iter().take(selected).filter(|row| is_blank(row)).count();
        self.rows.retain(|row| !is_blank(row));
        let up_to_list = all_fields().take_while(|it| it.path != field.path).chain([field]);
        let at = up_to_list.map(|it| self.rows.iter().filter(|row| row.is_of(it)).count()).sum();
        self.rows.insert(at, ConfigRow::new(field, ""));
        let kept = selected - removed;
        let now = if on_blank || kept < at { kept } else { kept + 1 };
        self.selection.select(now, self.rows.len());
    }

    pub fn text_input(&mut self) -> Option<&mut TextInput> {
        if !self.editing {
            return None;
        }
        match &mut self.selected()?.value {
            Value::Text(input) => Some(input),
            Value::Choice(..) => None,
        }
    }

    /// Schedules a check of the configuration by the server after a pause in typing.
    pub fn schedule_check(&mut self, cx: &UpdateContext<'_>) {
        self.check_due_at = Some(cx.now.plus_millis(PAUSE_MS));
    }

    /// Sends the configuration to the server for a check, if a check is due.
    pub fn tick(&mut self, cx: &mut UpdateContext<'_>) {
        let is_due = self.check_due_at.take_if(|due_at| *due_at <= cx.now).is_some();
        if let Ok(config) = self.config()
            && is_due
        {
            self.check.load(BackendRequest::CheckConfig(Box::new(config)), cx);
        }
    }

    /// Handles the response to a check. Returns other responses.
    pub fn handle_response(&mut self, response: RequestResult) -> Option<RequestResult> {
        self.check.handle_response(response, pick!(BackendResponse::ConfigCheck(check) => check))
    }
}
