//! A tenant's configuration as a form: one row per value, checked by the server while the user types.

mod config_field;
mod rows;
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
    ui::{MergeField, Remote, Selection, Side, TextInput, Tone, UpdateContext, pick},
};
use config_field::{ConfigField, FIELDS};
use rows::{ConfigRow, Value};

/// Pause in typing after which the server checks the configuration, in milliseconds.
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
    /// A configuration that arrived while a row was edited.
    arrived: Option<Versioned>,
    check: Remote<ConfigCheck>,
    check_due_at: Option<Timestamp>,
    /// The text of the edited row before editing.
    text_before: String,
}

impl ConfigForm {
    pub fn new(config: TenantConfig, version: Option<String>) -> Self {
        Self::showing(Versioned { config: config.with_omitted(None), version })
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

    /// Takes over the current configuration of the server. Unsaved changes are kept; if the server's changes concern the
    /// same settings, the user must compare them. While a row is edited, its text and position do not change.
    pub fn refresh(&mut self, config: TenantConfig, version: Option<String>) {
        self.adopt(Versioned { config: config.with_omitted(None), version });
    }

    fn adopt(&mut self, current: Versioned) {
        if self.editing {
            self.arrived = Some(current);
        } else if current.config == self.saved.config {
            (self.saved, self.theirs) = (current, None);
        } else if !self.is_changed() {
            *self = Self { selection: self.selection, ..Self::showing(current) };
            self.selection.select(self.selection.selected, self.rows.len());
        } else if self.merge_fields(&current.config).iter().any(|field| field.changed_by().is_none()) {
            self.theirs = Some(current);
        } else {
            self.theirs = Some(current);
            self.merge(&[]);
        }
    }

    /// Keeps the configuration that the server has now for a comparison, even if its changes concern other settings.
    pub fn refresh_to_compare(&mut self, config: TenantConfig, version: Option<String>) {
        let current = Versioned { config: config.with_omitted(None), version };
        if self.is_changed() && !self.editing && current.config != self.saved.config {
            self.theirs = Some(current);
        } else {
            self.adopt(current);
        }
    }

    /// Returns the settings to compare, if the server has a newer configuration.
    pub fn comparison(&self) -> Option<Vec<MergeField>> {
        self.theirs.as_ref().map(|theirs| self.merge_fields(&theirs.config))
    }

    /// Returns the settings whose values in the form differ from those of `theirs`.
    fn merge_fields(&self, theirs: &TenantConfig) -> Vec<MergeField> {
        let (original, theirs) = (rows::from_config(&self.saved.config), rows::from_config(theirs));
        let fields = FIELDS.iter().map(|field| MergeField {
            path: field.path,
            original: rows::texts_in(&original, field),
            mine: rows::texts_in(&self.rows, field),
            theirs: rows::texts_in(&theirs, field),
        });
        fields.filter(|field| field.mine != field.theirs).collect()
    }

    /// Merges the newer configuration of the server into the form, which then starts from it. A setting without a choice
    /// gets the value of the side that changed it.
    pub fn merge(&mut self, choices: &[(&'static str, Side)]) {
        let Some(theirs) = self.theirs.take() else { return };
        let fields = self.merge_fields(&theirs.config);
        let chosen = |path| choices.iter().find(|(it, _)| *it == path).map(|(_, side)| *side);
        let is_mine = |field: &ConfigField| {
            let changed_by = fields.iter().find(|it| it.path == field.path).and_then(MergeField::changed_by);
            chosen(field.path).or(changed_by) == Some(Side::Mine)
        };
        let current = rows::from_config(&theirs.config);
        let merged = FIELDS.iter().flat_map(|field| {
            let rows = if is_mine(field) { &self.rows } else { &current };
            rows.iter().filter(|row| row.is_of(field)).cloned().collect::<Vec<_>>()
        });
        let merged: Vec<ConfigRow> = merged.collect();
        self.select_row_of(self.selected_field(), &merged);
        (self.rows, self.saved) = (merged, theirs);
    }

    fn selected_field(&self) -> Option<&'static ConfigField> {
        self.rows.get(self.selection.selected).map(|row| row.field)
    }

    /// Keeps the selection on the rows of a field when all rows are replaced.
    fn select_row_of(&mut self, field: Option<&'static ConfigField>, rows: &[ConfigRow]) {
        let first = |rows: &[ConfigRow]| rows.iter().position(|row| field.is_some_and(|field| row.is_of(field)));
        if let (Some(before), Some(now)) = (first(&self.rows), first(rows)) {
            let offset = self.selection.selected - before;
            let of_field = rows.iter().filter(|row| field.is_some_and(|field| row.is_of(field))).count();
            self.selection.select(now + offset.min(of_field.saturating_sub(1)), rows.len());
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

    /// Starts editing the selected row, or selects its next choice.
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
        FIELDS.iter().filter(|field| field.is_list()).for_each(|field| self.tidy_list(field));
        if let Some(arrived) = self.arrived.take() {
            self.adopt(arrived);
        }
    }

    /// Replaces the blank rows of a list by a single one at its end, and keeps the selection on its row.
    fn tidy_list(&mut self, field: &'static ConfigField) {
        let selected = self.selection.selected;
        let is_blank = |row: &ConfigRow| row.is_of(field) && row.is_blank();
        let on_blank = self.rows.get(selected).is_some_and(is_blank);
        let removed = self.rows.iter().take(selected).filter(|row| is_blank(row)).count();
        self.rows.retain(|row| !is_blank(row));
        let up_to_list = FIELDS.iter().take_while(|it| it.path != field.path).chain([field]);
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

    /// Sends the check if it is due.
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

#[cfg(test)]
mod tests {
    use doorward_shared::config::{Cors, Mfa, RelyingParty, UserVerification, Webauthn};

    use super::*;

    fn form() -> (ConfigForm, TenantConfig) {
        let origins = vec!["https://a.example".to_owned()];
        let relying_party =
            RelyingParty { id: "a.example".to_owned(), display_name: "A".to_owned(), icon: None, origins };
        let webauthn = Webauthn::for_relying_party(relying_party);
        let saved = TenantConfig { cors: Cors::default(), webauthn, mfa: Some(Mfa::default()), limits: None };
        let saved = saved.with_omitted(None);
        let mut form = ConfigForm::new(saved.clone(), Some("1".to_owned()));
        let mut mine = saved.clone();
        mine.webauthn.timeout = 5_000;
        form.rows = rows::from_config(&mine);
        (form, saved)
    }

    #[test]
    fn refreshed_form_keeps_own_changes_and_takes_over_those_of_others() {
        let (mut form, mut others) = form();
        others.webauthn.user_verification = UserVerification::Discouraged;
        others.webauthn.relying_party.origins.push("https://b.example".to_owned());
        form.refresh(others.clone(), Some("2".to_owned()));
        assert_eq!(form.saved(), (&others, &Some("2".to_owned())));
        others.webauthn.timeout = 5_000;
        assert_eq!((form.config(), form.comparison()), (Ok(others), None));
    }

    #[test]
    fn setting_that_both_changed_is_compared_before_the_form_uses_the_newer_version() {
        let (mut form, original) = form();
        let mut others = original.clone();
        others.webauthn.timeout = 7_000;
        others.webauthn.user_verification = UserVerification::Discouraged;
        form.refresh(others.clone(), Some("2".to_owned()));
        assert_eq!(form.saved(), (&original, &Some("1".to_owned())));
        let fields = form.comparison().unwrap();
        let sides: Vec<_> = fields.iter().map(|field| (field.path, field.changed_by())).collect();
        assert_eq!(sides, [("webauthn.timeout", None), ("webauthn.user_verification", Some(Side::Theirs))]);
        form.merge(&[("webauthn.timeout", Side::Mine), ("webauthn.user_verification", Side::Theirs)]);
        assert_eq!(form.saved(), (&others, &Some("2".to_owned())));
        others.webauthn.timeout = 5_000;
        assert_eq!(form.config(), Ok(others));
    }
}
