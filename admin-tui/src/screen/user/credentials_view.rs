//! Drawing of a user's credentials.

use doorward_shared::{admin::UserDetail, public::CredentialItem};
use ratatui::layout::Rect;

use super::{Focus, User};
use crate::{
    screen::disabling::name_cell,
    time_format,
    ui::{Canvas, Cell, Column, Tone, age_cell, below, cell, right_of},
};

pub(super) fn name_of(credential: &CredentialItem) -> String {
    credential.name.clone().unwrap_or_else(|| credential.id.to_string())
}

fn backup_cell(it: &CredentialItem) -> Cell<'static> {
    match (it.backup_eligible, it.backup_state) {
        (_, true) => cell("synced", Tone::Plain),
        (true, false) => cell("possible", Tone::Dim),
        (false, false) => cell("device", Tone::Dim),
    }
}

impl User {
    pub(super) fn draw_credentials(&self, canvas: &mut Canvas<'_>, data: &UserDetail, area: Rect) {
        let focused = self.focus == Focus::Credentials;
        let (count, marked) = (data.credentials.len(), self.marks.len());
        let heading = match marked {
            0 => format!("Credentials ({count})"),
            marked => format!("Credentials ({marked} of {count} marked)"),
        };
        canvas.heading(right_of(area, 1), &heading, focused);
        let rows = below(area, 1);
        if data.credentials.is_empty() {
            return canvas.placeholder(rows, true, None, "This user has no credentials.");
        }
        let title = |column, title| self.sort.title(column, title);
        let columns = [
            Column::share(title(0, "Name"), 3),
            Column::content(title(1, "Kind"), 13),
            Column::content(title(2, "Model"), 24).from_width(100),
            Column::content(title(3, "Attested"), 10).from_width(110),
            Column::content(title(4, "Counter"), 10).right().from_width(72),
            Column::content(title(5, "Backup"), 8),
            Column::content(title(6, "Registered"), 12).from_width(90),
            Column::content(title(7, "Last used"), 11).right(),
            Column::content("From", 24).from_width(60),
        ];
        let now = canvas.now;
        canvas.list_of(Focus::Credentials as usize, |canvas| {
            canvas.table(rows, &columns, data.credentials.iter(), &self.credentials, focused, |it| {
                let mut cells = vec![
                    name_cell(name_of(it), it.disabled_at),
                    cell(if it.is_mfa { "second factor" } else { "passkey" }, Tone::Plain),
                    cell(it.model.as_deref().unwrap_or("unknown"), Tone::Dim),
                    if it.attested { cell("yes", Tone::Good) } else { cell("no", Tone::Dim) },
                    cell(it.sign_count.to_string(), Tone::Dim),
                    backup_cell(it),
                    cell(time_format::date(it.created_at), Tone::Dim),
                    age_cell(now, it.last_used_at),
                    cell(self.last_address(it).unwrap_or("–"), Tone::Dim),
                ];
                self.marks.add_to_cells(it, &mut cells);
                cells
            });
        });
    }
}

/// Returns the name of the authenticator's model, with a mark if no attestation proves the model.
fn model_of(credential: &CredentialItem) -> String {
    match &credential.model {
        Some(model) if credential.model_verified => model.clone(),
        Some(model) => format!("{model} (not verified)"),
        None => "unknown".to_owned(),
    }
}

fn attestation_of(credential: &CredentialItem) -> String {
    if credential.attested || credential.attestation_stated == "none" {
        return credential.attestation_type.clone();
    }
    format!("{} ({} stated, not verified)", credential.attestation_type, credential.attestation_stated)
}

pub(super) fn draw_credential(canvas: &mut Canvas<'_>, it: &CredentialItem, address: Option<&str>, area: Rect) {
    let inside = canvas.panel(area, &name_of(it), false);
    let transports = if it.transports.is_empty() { "unknown".to_owned() } else { it.transports.join(", ") };
    let mut details = vec![
        ("id", it.id.to_string(), Tone::Plain),
        ("model", model_of(it), Tone::Plain),
        ("attestation", attestation_of(it), Tone::Plain),
        ("algorithm", it.algorithm.clone(), Tone::Plain),
        ("transports", transports, Tone::Plain),
        ("sign count", it.sign_count.to_string(), Tone::Plain),
        ("registered", time_format::date_time(it.created_at), Tone::Plain),
        ("last used", it.last_used_at.map_or_else(|| "never".to_owned(), time_format::date_time), Tone::Plain),
        ("from", address.unwrap_or("unknown: not in the latest entries").to_owned(), Tone::Plain),
        ("backup", backup_cell(it).0.into_owned(), Tone::Plain),
        ("aaguid", it.aaguid.to_string(), Tone::Plain),
        ("public key", it.public_key.to_string(), Tone::Plain),
    ];
    if let Some(at) = it.disabled_at {
        details.insert(0, ("disabled", format!("since {}", time_format::date_time(at)), Tone::Warn));
    }
    canvas.details(inside, &details);
}
