//! Merging of the form's unsaved changes with a newer configuration of the server.

use doorward_shared::config::TenantConfig;

use super::{
    ConfigForm, Versioned,
    config_field::ConfigField,
    rows::{self, ConfigRow},
    trust_fields::all_fields,
};
use crate::ui::{MergeField, Side};

impl ConfigForm {
    /// Adopts the server's current configuration and keeps unsaved changes. If the same setting was changed on the
    /// server and in the form, the user must compare the values. While a row is edited, its text and position do not
    /// change.
    pub fn refresh(&mut self, config: TenantConfig, version: Option<String>) {
        self.adopt(Versioned { config, version });
    }

    pub(super) fn adopt(&mut self, current: Versioned) {
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

    /// Stores the server's current configuration for a comparison by the user, even if the server's changes and the
    /// unsaved changes concern different settings.
    pub fn refresh_to_compare(&mut self, config: TenantConfig, version: Option<String>) {
        let current = Versioned { config, version };
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

    /// Returns the settings whose values in the form differ from the values in `theirs`.
    fn merge_fields(&self, theirs: &TenantConfig) -> Vec<MergeField> {
        let (original, theirs) = (rows::from_config(&self.saved.config), rows::from_config(theirs));
        let fields = all_fields().map(|field| MergeField {
            path: field.path,
            original: rows::texts_in(&original, field),
            mine: rows::texts_in(&self.rows, field),
            theirs: rows::texts_in(&theirs, field),
        });
        fields.filter(|field| field.mine != field.theirs).collect()
    }

    /// Merges the newer configuration of the server into the form, and makes it the new base of the unsaved changes.
    /// A setting for which the user chose no side gets the value of the side that changed it. If both sides changed
    /// such a setting, nothing is merged and the user must compare again.
    pub fn merge(&mut self, choices: &[(&'static str, Side)]) {
        let chosen = |path| choices.iter().find(|(it, _)| *it == path).map(|(_, side)| *side);
        let Some(fields) = self.comparison() else { return };
        // A choice is missing if the server's configuration changed after the user chose.
        if fields.iter().any(|field| chosen(field.path).or(field.changed_by()).is_none()) {
            return;
        }
        let Some(theirs) = self.theirs.take() else { return };
        let is_mine = |field: &ConfigField| {
            let changed_by = fields.iter().find(|it| it.path == field.path).and_then(MergeField::changed_by);
            chosen(field.path).or(changed_by) == Some(Side::Mine)
        };
        let current = rows::from_config(&theirs.config);
        let merged = all_fields().flat_map(|field| {
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
}

#[cfg(test)]
mod tests {
    use doorward_shared::config::{RelyingParty, UserVerification};

    use super::*;

    fn form() -> (ConfigForm, TenantConfig) {
        let origins = vec!["https://a.example".to_owned()];
        let relying_party = RelyingParty::new("a.example".to_owned(), "A".to_owned(), origins);
        let saved = TenantConfig::for_relying_party(relying_party);
        let mut form = ConfigForm::new(saved.clone(), Some("1".to_owned()));
        let mut mine = saved.clone();
        mine.webauthn.timeout = 5_000;
        form.rows = rows::from_config(&mine);
        (form, saved)
    }

    #[test]
    fn refreshed_form_keeps_unsaved_changes_and_adopts_changes_of_others() {
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

    #[test]
    fn setting_that_others_changed_after_the_comparison_is_compared_again() {
        let (mut form, mut others) = form();
        others.webauthn.timeout = 7_000;
        form.refresh(others.clone(), Some("2".to_owned()));
        let mut mine = form.config().unwrap();
        mine.webauthn.relying_party.display_name = "Mine".to_owned();
        form.rows = rows::from_config(&mine);
        others.webauthn.relying_party.display_name = "Theirs".to_owned();
        form.refresh(others, Some("3".to_owned()));
        form.merge(&[("webauthn.timeout", Side::Mine)]);
        assert_eq!(form.config(), Ok(mine), "a change was lost without a choice");
        assert!(form.comparison().is_some());
    }
}
