//! Requests of the tab about trust in authenticators, and the preview of new trust policies.

use doorward_shared::{
    admin::{AffectedUser, TrustPreview},
    config::TenantConfig,
};

use super::Tenant;
use crate::{
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    trust_text::describe,
    ui::{Dialog, Tone, UpdateContext, pick},
};

impl Tenant {
    pub(super) fn load_trust(&mut self, cx: &mut UpdateContext<'_>) {
        self.metadata.load(BackendRequest::MetadataStatus, cx);
        self.radar.load(BackendRequest::CryptoRadar(self.id), cx);
    }

    /// Handles the responses to requests about trust. Returns other responses.
    pub(super) fn handle_trust(
        &mut self,
        response: RequestResult,
        cx: &mut UpdateContext<'_>,
    ) -> Option<RequestResult> {
        let other =
            self.metadata.handle_response(response, pick!(BackendResponse::MetadataStatus(status) => status))?;
        let other = self.radar.handle_response(other, pick!(BackendResponse::CryptoRadar(radar) => *radar))?;
        let other = self.preview.handle_response(other, pick!(BackendResponse::TrustPreview(preview) => *preview));
        if other.is_none() {
            self.ask_with_preview(cx);
        }
        other
    }

    /// Requests a preview of the users who would lose credentials under the new trust policies. When the response
    /// arrives, the app asks whether to save.
    pub(super) fn preview_save(&mut self, config: TenantConfig, cx: &mut UpdateContext<'_>) {
        self.preview.value = None;
        self.preview.load(BackendRequest::PreviewTrust(self.id, Box::new(config.trust.clone())), cx);
        self.previewed = Some(config);
    }

    fn ask_with_preview(&mut self, cx: &mut UpdateContext<'_>) {
        let (Some(form), Some(config)) = (&self.form, self.previewed.take()) else { return };
        if form.is_editing() || form.config().as_ref() != Ok(&config) {
            return cx.toast(Tone::Warn, "The configuration was edited in the meantime: save it again");
        }
        match (self.preview.value.take(), self.preview.error.take()) {
            (Some(preview), None) => {
                let lines = impact_lines(&preview);
                let is_lost = preview.impact.unwrap_or_default().credentials_lost > 0;
                let mut question = self.confirm_save(form, config);
                question.destructive |= is_lost;
                question.lines.splice(0..0, lines);
                cx.show(Dialog::Confirm(question));
            }
            (_, error) => {
                let reason = error.map_or_else(|| "no response".to_owned(), |error| error.to_string());
                cx.toast(Tone::Bad, format!("Not saved, because the effect on users is unknown: {reason}"));
            }
        }
    }
}

/// Describes how many users would lose credentials under new trust policies, and lists these users.
fn impact_lines(preview: &TrustPreview) -> Vec<(Tone, String)> {
    let impact = preview.impact.unwrap_or_default();
    let tone = if impact.users_losing_all > 0 { Tone::Bad } else { Tone::Plain };
    let mut lines = vec![(tone, describe(impact))];
    let user = |it: &AffectedUser| {
        let name = if it.user.name == it.user.user_id { String::new() } else { format!(" ({})", it.user.name) };
        let (text, tone) = match it.credentials_kept {
            0 => ("loses all credentials".to_owned(), Tone::Bad),
            kept => (format!("loses {}, keeps {kept}", it.credentials_lost), Tone::Plain),
        };
        (tone, format!("  {}{name} {text}", it.user.user_id))
    };
    lines.extend(preview.items.iter().map(user));
    let users = impact.users_losing_all.saturating_add(impact.users_losing_some);
    let left_out = users.saturating_sub(u64::try_from(preview.items.len()).unwrap_or(u64::MAX));
    if left_out > 0 {
        lines.push((Tone::Dim, format!("  and {left_out} more: doorward-admin trust preview lists all of them")));
    }
    lines.push((Tone::Plain, String::new()));
    lines
}
