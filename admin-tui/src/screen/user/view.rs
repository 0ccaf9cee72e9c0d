//! Drawing of a user.

use doorward_shared::{admin::UserDetail, public::CredentialItem};
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Focus, User};
use crate::{
    screen::{disabling::name_cell, transaction_details},
    time_format,
    ui::{Canvas, Column, Tone, View, age_cell, below, cell, right_of, split_details},
};

const DETAILS_WIDTH: u16 = 56;

impl View for User {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(data) = &self.data.value else {
            return canvas.placeholder(area, false, self.data.error.as_ref(), "");
        };
        let (main, pane) = split_details(area, DETAILS_WIDTH, false);
        draw_profile(canvas, data, main);
        let lists = below(main, 3);
        // If there is no room beside the lists, the details of the selected row are below them.
        let below_lists = if pane.is_none() { 7.min(lists.height / 2) } else { 0 };
        let rows = [Constraint::Fill(1), Constraint::Fill(1), Constraint::Length(below_lists)];
        let [credentials, transactions, details] = Layout::vertical(rows).areas(lists);
        self.draw_credentials(canvas, data, credentials);
        self.draw_transactions(canvas, data, transactions);
        let details = pane.unwrap_or(details);
        match (self.credential(), self.transaction()) {
            (Some(credential), _) => draw_credential(canvas, credential, details),
            (None, Some(transaction)) => transaction_details::draw(canvas, transaction, None, details),
            (None, None) => {}
        }
        canvas.stale_marker(main, self.data.error.as_ref());
    }
}

fn draw_profile(canvas: &mut Canvas<'_>, data: &UserDetail, area: Rect) {
    let user = &data.user;
    let place = Rect { width: area.width.saturating_sub(2), ..right_of(area, 1) };
    let (first_seen, id) = (time_format::date_time(user.created_at), user.id.to_string());
    let identity = [
        ("user id  ", Tone::Dim),
        (user.user_id.as_str(), Tone::Strong),
        ("   signs in as  ", Tone::Dim),
        (user.name.as_str(), Tone::Plain),
    ];
    let profile = [
        ("name     ", Tone::Dim),
        (user.display_name.as_str(), Tone::Plain),
        ("   first seen  ", Tone::Dim),
        (first_seen.as_str(), Tone::Plain),
        ("   id  ", Tone::Dim),
        (id.as_str(), Tone::Dim),
    ];
    let used = canvas.line(place, &identity);
    if let Some(at) = user.disabled_at {
        let text = format!("   disabled since {}", time_format::date_time(at));
        canvas.line(right_of(place, used), &[(&text, Tone::Warn)]);
    }
    canvas.line(below(place, 1), &profile);
}

fn name_of(credential: &CredentialItem) -> String {
    credential.name.clone().unwrap_or_else(|| credential.id.to_string())
}

impl User {
    fn draw_credentials(&self, canvas: &mut Canvas<'_>, data: &UserDetail, area: Rect) {
        let focused = self.focus == Focus::Credentials;
        canvas.heading(right_of(area, 1), &format!("Credentials ({})", data.credentials.len()), focused);
        let rows = below(area, 1);
        if data.credentials.is_empty() {
            return canvas.placeholder(rows, true, None, "This user has no credentials.");
        }
        let columns = [
            Column::share("Name", 3),
            Column::fixed("Kind", 13),
            Column::fixed("Backup", 8),
            Column::fixed("Registered", 10),
            Column::fixed("Last used", 9).right(),
        ];
        let now = canvas.now;
        canvas.table(rows, &columns, data.credentials.iter(), &self.credentials, focused, |it| {
            vec![
                name_cell(name_of(it), it.disabled_at),
                cell(if it.is_mfa { "second factor" } else { "passkey" }, Tone::Plain),
                match (it.backup_eligible, it.backup_state) {
                    (_, true) => cell("synced", Tone::Plain),
                    (true, false) => cell("possible", Tone::Dim),
                    (false, false) => cell("device", Tone::Dim),
                },
                cell(time_format::date(it.created_at), Tone::Dim),
                age_cell(now, it.last_used_at),
            ]
        });
    }

    fn draw_transactions(&self, canvas: &mut Canvas<'_>, data: &UserDetail, area: Rect) {
        let focused = self.focus == Focus::Transactions;
        canvas.heading(right_of(area, 1), &format!("Latest transactions ({})", data.transactions.len()), focused);
        let rows = below(area, 1);
        if data.transactions.is_empty() {
            return canvas.placeholder(rows, true, None, "This user has no transactions.");
        }
        let columns = [Column::share("Transaction", 2), Column::share("Data", 3), Column::fixed("Started", 8).right()];
        let now = canvas.now;
        canvas.table(rows, &columns, data.transactions.iter(), &self.transactions, focused, |it| {
            vec![
                cell(&it.identifier, Tone::Plain),
                cell(&it.data, Tone::Dim),
                cell(time_format::ago(now, it.created_at), Tone::Plain),
            ]
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

fn draw_credential(canvas: &mut Canvas<'_>, it: &CredentialItem, area: Rect) {
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
        ("aaguid", it.aaguid.to_string(), Tone::Plain),
        ("public key", it.public_key.to_string(), Tone::Plain),
    ];
    if let Some(at) = it.disabled_at {
        details.insert(0, ("disabled", format!("since {}", time_format::date_time(at)), Tone::Warn));
    }
    canvas.details(inside, &details);
}
