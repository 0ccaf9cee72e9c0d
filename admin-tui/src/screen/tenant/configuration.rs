//! Commands of the configuration tab.

use doorward_shared::config::TenantConfig;

use super::Tenant;
use crate::{
    request::BackendRequest,
    screen::config::ConfigForm,
    ui::{Action, Binding, Command, Dialog, Key, Question, Side, Tone, UpdateContext, bind},
};

impl Tenant {
    pub(super) fn configuration_bindings(&self, may_change: bool) -> Vec<Binding> {
        let Some(form) = self.form.as_ref().filter(|_| may_change) else { return Vec::new() };
        let mut bindings = vec![bind(
            &[Key::Enter, Key::Char(' ')],
            Command::Open,
            "edit",
            "edit the value, or select the next choice",
        )];
        if form.is_changed() {
            let keys = &[Key::Char('w'), Key::Ctrl('s')];
            bindings.push(bind(keys, Command::Save, "save", "review the changes and save them"));
            bindings.push(bind(&[Key::Char('U')], Command::Revert, "revert", "discard the unsaved changes"));
        }
        bindings
    }

    pub(super) fn configure(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        let Some(form) = &mut self.form else { return };
        match command {
            Command::Open => form.edit(cx),
            Command::Submit => form.end_edit(true, cx),
            Command::Leave => form.end_edit(false, cx),
            Command::Revert => {
                form.revert();
                cx.toast(Tone::Plain, "Discarded the unsaved changes");
            }
            Command::Compare if self.detail.is_pending() => self.compares = true,
            Command::Compare => self.compare(cx),
            Command::Save if form.comparison().is_some() => self.compare(cx),
            Command::Save => self.save(cx),
            _ => {}
        }
    }

    fn save(&mut self, cx: &mut UpdateContext<'_>) {
        let Some(form) = &self.form else { return };
        match (form.config(), form.problems().first()) {
            (Err(problem), _) => cx.toast(Tone::Bad, problem.message),
            (Ok(_), Some(problem)) => cx.toast(Tone::Bad, format!("{}: {}", problem.field, problem.message)),
            (Ok(config), None) if config.trust != form.saved().0.trust => self.preview_save(config, cx),
            (Ok(config), None) => cx.show(Dialog::Confirm(self.confirm_save(form, config))),
        }
    }

    /// Shows the unsaved changes beside the changes of another administrator, if there are such changes and no value is
    /// being edited.
    pub(super) fn compare(&self, cx: &mut UpdateContext<'_>) {
        let form = self.form.as_ref().filter(|form| !form.is_editing());
        if let Some(fields) = form.and_then(ConfigForm::comparison) {
            cx.show(Dialog::Merge(fields));
        }
    }

    /// Merges the changes of another administrator, and asks whether to save the result.
    pub(super) fn merge_configuration(&mut self, choices: &[(&'static str, Side)], cx: &mut UpdateContext<'_>) {
        let Some(form) = &mut self.form else { return };
        form.merge(choices);
        form.schedule_check(cx);
        if form.is_changed() {
            self.configure(Command::Save, cx);
        } else {
            cx.toast(Tone::Plain, "Applied their values; nothing is left to save");
        }
    }

    pub(super) fn confirm_save(&self, form: &ConfigForm, config: TenantConfig) -> Question {
        let (saved, version) = form.saved();
        let (old_id, new_id) = (&saved.webauthn.relying_party.id, &config.webauthn.relying_party.id);
        let mut lines = form.changes(&config);
        let changes_rp_id = old_id != new_id;
        let title = if changes_rp_id { "Change the RP ID of" } else { "Save the configuration of" };
        if changes_rp_id {
            let credentials = self.overview.value.as_ref().map(|overview| overview.summary.credentials);
            lines.insert(0, (Tone::Bad, rp_id_consequence(credentials)));
            if credentials != Some(0) {
                let register = format!("They belong to {old_id}. Users must register again for {new_id}.");
                lines.insert(1, (Tone::Plain, register));
            }
            lines.push((Tone::Strong, "Type the tenant's name to confirm:".to_owned()));
        }
        let action = Action::Request {
            call: Box::new(BackendRequest::Configure(self.id, Box::new(config), version.clone())),
            done: format!("Saved the configuration of {}", self.name),
            leaves_screen: false,
        };
        Question {
            destructive: changes_rp_id,
            typed_name: changes_rp_id.then(|| self.name.clone()),
            ..Question::destructive(format!("{title} {}?", self.name), "save", lines, action)
        }
    }
}

/// Describes how a change of the RP ID affects the tenant's credentials. `credentials` is their number, if known.
fn rp_id_consequence(credentials: Option<u64>) -> String {
    match credentials {
        None => "All passkeys and second factors stop working.".to_owned(),
        Some(0) => "The tenant has no passkeys yet.".to_owned(),
        Some(1) => "1 passkey or second factor stops working.".to_owned(),
        Some(count) => format!("{count} passkeys and second factors stop working."),
    }
}
