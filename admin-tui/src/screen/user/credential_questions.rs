//! Questions before credentials are removed, disabled or enabled.

use doorward_shared::{UserId, public::CredentialItem};

use super::{User, credentials_view::name_of};
use crate::{
    api::DisableTarget,
    request::BackendRequest,
    screen::disabling,
    ui::{Dialog, Question, Tone, UpdateContext},
};

/// Returns the text that identifies a credential in a list.
fn name_and_id(credential: &CredentialItem) -> String {
    match &credential.name {
        Some(name) => format!("{name}  {}", credential.id),
        None => credential.id.to_string(),
    }
}

impl User {
    /// Returns a warning if the user has no other credential that is enabled.
    fn last_credentials(&self, affected: &[&CredentialItem]) -> Option<(Tone, String)> {
        let others: Vec<_> =
            self.credentials_loaded().iter().filter(|it| !affected.iter().any(|other| other.id == it.id)).collect();
        let text = match (others.iter().all(|it| it.disabled_at.is_some()), others.is_empty(), affected.len()) {
            (false, ..) => return None,
            (_, false, _) => "All other credentials of this user are disabled.",
            (_, true, 1) => "It is the last credential of this user.",
            (_, true, _) => "They are the last credentials of this user.",
        };
        Some((Tone::Warn, text.to_owned()))
    }

    pub(super) fn confirm_removal(&self, user: UserId, credential: &CredentialItem) -> Question {
        let (id, name) = (credential.id.to_string(), name_of(credential));
        let mut lines =
            vec![(Tone::Plain, format!("{} can no longer sign in with {name}.", self.name)), (Tone::Dim, id.clone())];
        lines.extend(self.last_credentials(&[credential]));
        let (title, done) = (format!("Remove credential {name}?"), format!("Removed credential {name}"));
        let call = BackendRequest::DeleteCredential(self.tenant, user, id);
        Question::destructive_request(title, "remove", lines, call, done)
    }

    pub(super) fn confirm_removals(&self, user: UserId, marked: &[&CredentialItem]) -> Option<Question> {
        let object = |credential: &&CredentialItem| {
            let call = BackendRequest::DeleteCredential(self.tenant, user, credential.id.to_string());
            (name_and_id(credential), call)
        };
        let mut lines: Vec<_> = self.last_credentials(marked).into_iter().collect();
        lines.push((Tone::Plain, format!("{} can no longer sign in with these credentials:", self.name)));
        Question::bulk(("remove", "Removed"), "credential", lines, marked.iter().map(object).collect())
    }

    pub(super) fn confirm_disabling_credential(&self, user: UserId, credential: &CredentialItem) -> Question {
        let (id, name) = (credential.id.to_string(), name_of(credential));
        let mut lines =
            vec![(Tone::Plain, format!("{} cannot sign in with {name}.", self.name)), (Tone::Dim, id.clone())];
        lines.extend(self.last_credentials(&[credential]));
        let (what, is_disabled) = (format!("credential {name}"), credential.disabled_at.is_some());
        disabling::confirm(DisableTarget::Credential(self.tenant, user, id), &what, is_disabled, lines)
    }

    /// Asks whether to remove the selected credential, or all marked ones.
    pub(super) fn ask_removal(&self, user: UserId, cx: &mut UpdateContext<'_>) {
        let marked = self.marks.of(self.credentials_loaded());
        let question = match self.credential() {
            Some(credential) if marked.is_empty() => Some(self.confirm_removal(user, credential)),
            _ => self.confirm_removals(user, &marked),
        };
        if let Some(question) = question {
            cx.show(Dialog::Confirm(question));
        }
    }

    /// Asks whether to disable or enable the selected credential, or all marked ones.
    pub(super) fn ask_disabling(&self, user: UserId, cx: &mut UpdateContext<'_>) {
        let marked = self.marks.of(self.credentials_loaded());
        if !marked.is_empty() {
            let target = |it: &CredentialItem| DisableTarget::Credential(self.tenant, user, it.id.to_string());
            let object = |it: &&CredentialItem| (name_and_id(it), target(it), it.disabled_at.is_some());
            let text = format!("{} cannot sign in with these credentials.", self.name);
            let warning = self.last_credentials(&marked);
            let lines = std::iter::once((Tone::Plain, text)).chain(warning).collect();
            disabling::show_bulk("credential", marked.iter().map(object).collect(), lines, cx);
        } else if let Some(credential) = self.credential() {
            cx.show(Dialog::Confirm(self.confirm_disabling_credential(user, credential)));
        }
    }
}
