//! Drawing of a user.

use doorward_shared::{ErrorCode, admin::UserDetail, audit::AuditLogItem};
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Focus, User, credentials_view::draw_credential};
use crate::{
    screen::transaction_details,
    time_format,
    ui::{Canvas, Column, Tone, View, below, cell, right_of, split_details},
};

const DETAILS_WIDTH: u16 = 56;

impl View for User {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(data) = &self.data.value else {
            return canvas.placeholder(area, false, self.data.error.as_ref(), "");
        };
        let (main, pane) = split_details(area, DETAILS_WIDTH, false);
        draw_profile(canvas, data, main);
        let used = self.draw_latest_refusal(canvas, below(main, 2));
        let lists = below(main, 3 + used);
        let [first, second, third, details] = self.places(lists, pane.is_none());
        if !first.is_empty() {
            self.draw_credentials(canvas, data, first);
        }
        if third.is_empty() && self.second == Focus::Transactions {
            self.draw_transactions(canvas, data, second);
        } else {
            // An empty row separates the lists.
            let gap = u16::from(!third.is_empty());
            self.draw_events(canvas, Rect { height: second.height.saturating_sub(gap), ..second });
        }
        self.draw_transactions(canvas, data, third);
        self.draw_details(canvas, pane.unwrap_or(details));
        canvas.stale_marker(main, self.data.error.as_ref());
    }
}

impl User {
    /// Returns the areas of the credentials, of the two other lists, and of the details below them. Short terminals
    /// show the credentials, one of the two other lists and no details. The shortest terminals show only the focused
    /// list.
    fn places(&self, area: Rect, has_details_below: bool) -> [Rect; 4] {
        let wanted = self.data.value.as_ref().map_or(0, |data| data.credentials.len());
        // The height of a heading, the names of the columns, the rows, and an empty row.
        let wanted = u16::try_from(wanted).unwrap_or(u16::MAX).saturating_add(3);
        let first = wanted.clamp(4, (area.height / 2).max(4));
        let rows = match area.height {
            ..9 => {
                let shows_credentials = self.focus == Focus::Credentials;
                let height = |shown: bool| if shown { Constraint::Fill(1) } else { Constraint::Length(0) };
                let none = Constraint::Length(0);
                [height(shows_credentials), height(!shows_credentials), none, none]
            }
            9..20 => [Constraint::Length(first), Constraint::Fill(1), Constraint::Length(0), Constraint::Length(0)],
            height => {
                let details = if has_details_below { height / 3 } else { 0 };
                let has_transactions = self.data.value.as_ref().is_some_and(|data| !data.transactions.is_empty());
                let third = if has_transactions { Constraint::Fill(2) } else { Constraint::Length(4) };
                [Constraint::Length(first), Constraint::Fill(3), third, Constraint::Length(details)]
            }
        };
        Layout::vertical(rows).areas(area)
    }

    /// Draws the details of the selected row.
    fn draw_details(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if area.is_empty() {
            return;
        }
        match (self.credential(), self.transaction(), self.selected_event()) {
            (Some(credential), ..) => draw_credential(canvas, credential, self.last_address(credential), area),
            (_, Some(transaction), _) => transaction_details::draw(canvas, transaction, None, area),
            (.., Some(event)) => draw_event(canvas, &event.entry, area),
            (None, None, None) => {}
        }
    }

    /// Explains the latest refusal in words. Returns the number of rows used.
    fn draw_latest_refusal(&self, canvas: &mut Canvas<'_>, area: Rect) -> u16 {
        let Some((refusal, succeeded_since)) = self.latest_refusal() else { return 0 };
        let place = Rect { width: area.width.saturating_sub(2), ..right_of(area, 1) };
        let (mark, tone) = if succeeded_since { ("✓", Tone::Dim) } else { ("✗", Tone::Bad) };
        let since = if succeeded_since { "; a later one succeeded" } else { "" };
        let event = event_name(refusal.kind.as_str());
        let age = time_format::past(canvas.now, refusal.created_at);
        let text = format!("{mark} {event} {age}{since}: {}", reason(refusal));
        // Short terminals show only one row of the text.
        let rows = if area.height < 20 { 1 } else { 2 };
        let used = canvas.paragraph(Rect { height: rows, ..place }, &text, tone);
        let fix =
            refusal.error_code.as_ref().and_then(|code| code.parse::<ErrorCode>().ok()).map(|code| code.help().fix);
        match fix.filter(|_| area.height >= 12) {
            Some(fix) => {
                let rest = Rect { height: 2, ..below(place, used) };
                used + canvas.paragraph(rest, &format!("  {fix}"), Tone::Plain)
            }
            None => used,
        }
    }

    fn draw_events(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if area.is_empty() {
            return;
        }
        let focused = self.focus == Focus::Events;
        canvas.heading(right_of(area, 1), &format!("Latest events ({})", self.entries().len()), focused);
        let rows = below(area, 1);
        if self.entries().is_empty() {
            let (is_loaded, error) = (self.events.value.is_some(), self.events.error.as_ref());
            return canvas.placeholder(rows, is_loaded, error, "The audit log has no entries of this user.");
        }
        let columns = [
            Column::fixed("When", 4).right(),
            Column::share("Event", 3),
            Column::share("Reason", 3),
            Column::content("From", 24).from_width(60),
        ];
        let now = canvas.now;
        canvas.list_of(Focus::Events as usize, |canvas| {
            canvas.table(rows, &columns, self.entries().iter(), &self.event, focused, |it| {
                let entry = &it.entry;
                let reason_tone = if entry.kind.is_failure() { Tone::Bad } else { Tone::Warn };
                let tone = match (entry.kind.is_failure(), entry.kind.ends_ceremony()) {
                    (true, _) => Tone::Bad,
                    (_, true) => Tone::Good,
                    _ => Tone::Plain,
                };
                vec![
                    cell(time_format::ago(now, entry.created_at), Tone::Dim),
                    cell(event_name(entry.kind.as_str()), tone),
                    cell(entry.error_code.as_deref().unwrap_or_default(), reason_tone),
                    cell(&entry.meta_source_ip, Tone::Dim),
                ]
            });
        });
    }
    fn draw_transactions(&self, canvas: &mut Canvas<'_>, data: &UserDetail, area: Rect) {
        if area.is_empty() {
            return;
        }
        let focused = self.focus == Focus::Transactions;
        canvas.heading(right_of(area, 1), &format!("Latest transactions ({})", data.transactions.len()), focused);
        let rows = below(area, 1);
        if data.transactions.is_empty() {
            return canvas.placeholder(rows, true, None, "This user has no transactions.");
        }
        let columns = [Column::share("Transaction", 2), Column::share("Data", 3), Column::fixed("Started", 8).right()];
        let now = canvas.now;
        canvas.list_of(Focus::Transactions as usize, |canvas| {
            canvas.table(rows, &columns, data.transactions.iter(), &self.transactions, focused, |it| {
                vec![
                    cell(&it.identifier, Tone::Plain),
                    cell(&it.data, Tone::Dim),
                    cell(time_format::ago(now, it.created_at), Tone::Plain),
                ]
            });
        });
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

/// Returns the human-readable name of an event type, such as `mfa login refused`.
fn event_name(kind: &str) -> String {
    let name = kind.trim_start_matches("webauthn_").replace("authentication", "login");
    let words = [("_init_succeeded", " started"), ("_init_failed", " refused at the start")];
    let words = words.into_iter().chain([("_final_succeeded", ""), ("_final_failed", " refused")]);
    for (suffix, word) in words {
        if let Some(ceremony) = name.strip_suffix(suffix) {
            return format!("{}{word}", ceremony.replace('_', " "));
        }
    }
    name.replace('_', " ")
}

/// Returns the reason for a refusal: the text that the server stored, or its code.
fn reason(entry: &AuditLogItem) -> &str {
    entry.error.as_deref().or(entry.error_code.as_deref()).unwrap_or("no reason recorded")
}

fn draw_event(canvas: &mut Canvas<'_>, entry: &AuditLogItem, area: Rect) {
    let inside = canvas.panel(area, &event_name(entry.kind.as_str()), false);
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let mut details = vec![
        ("when", time_format::date_time(entry.created_at), Tone::Plain),
        ("from", entry.meta_source_ip.clone(), Tone::Plain),
        ("client", entry.meta_user_agent.clone(), Tone::Plain),
        ("credential", or_dash(&entry.credential_id), Tone::Plain),
        ("request id", entry.meta_http_request_id.clone(), Tone::Plain),
    ];
    if entry.has_reason() {
        let tone = if entry.kind.is_failure() { Tone::Bad } else { Tone::Warn };
        details.push(("reason", reason(entry).to_owned(), tone));
        details.push(("code", or_dash(&entry.error_code), tone));
        if let Some(code) = entry.error_code.as_ref().and_then(|code| code.parse::<ErrorCode>().ok()) {
            details.push(("cause", code.description().to_owned(), Tone::Plain));
            details.push(("fix", code.help().fix.to_owned(), Tone::Plain));
        }
    }
    canvas.details(inside, &details);
}
