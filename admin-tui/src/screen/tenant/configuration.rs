//! Commands of the configuration tab.

use super::Tenant;
use crate::{
    request::BackendRequest,
    ui::{Action, Binding, Command, Dialog, Key, Question, Tone, UpdateContext, bind},
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
            Command::Save => match (form.config(), form.problems().first()) {
                (Err(problem), _) => cx.toast(Tone::Bad, problem.message),
                (Ok(_), Some(problem)) => cx.toast(Tone::Bad, format!("{}: {}", problem.field, problem.message)),
                (Ok(config), None) => {
                    let lines = form.changes(&config);
                    let action = Action::Request {
                        call: Box::new(BackendRequest::Configure(self.id, Box::new(config), self.version.clone())),
                        done: format!("Saved the configuration of {}", self.name),
                        leaves_screen: false,
                    };
                    let title = format!("Save the configuration of {}?", self.name);
                    let question =
                        Question { destructive: false, ..Question::destructive(title, "save", lines, action) };
                    cx.show(Dialog::Confirm(question));
                }
            },
            _ => {}
        }
    }
}
