//! Draws the screen of a tenant: the counts, and the selected tab.

use doorward_shared::{Timestamp, admin::SigningKeyItem};
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Tab, Tenant};
use crate::{
    number_format::short,
    screen::{config::ConfigForm, disabling::name_cell, transaction_details},
    time_format,
    ui::{Canvas, ClickTarget, Column, Tone, View, age_cell, cell, expiry_cell, refusal_tone, right_of, split_details},
};

const DETAILS_WIDTH: u16 = 56;
/// Minimum height of a screen that shows counts above the tabs.
const COUNTS_MIN_HEIGHT: u16 = 12;
/// Minimum width of a screen that shows the tenant's id beside the counts.
const ID_MIN_WIDTH: u16 = 110;

impl View for Tenant {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        // A short terminal needs the rows of the counts for the content of the tab.
        let has_counts = area.height >= COUNTS_MIN_HEIGHT;
        let rows = [Constraint::Length(u16::from(has_counts)), Constraint::Length(1), Constraint::Fill(1)];
        let [counts, tabs, body] = Layout::vertical(rows).spacing(u16::from(has_counts)).areas(area);
        if has_counts {
            self.draw_counts(canvas, Rect { width: counts.width.saturating_sub(2), ..right_of(counts, 1) });
        }
        self.draw_tabs(canvas, right_of(tabs, 1));
        match (self.tab, &self.form) {
            (Tab::Activity, _) => self.draw_activity(canvas, body),
            (Tab::Configuration, Some(form)) => form.draw(canvas, body),
            (Tab::Configuration, None) => canvas.placeholder(body, false, self.detail.error.as_ref(), ""),
            (Tab::ApiKeys, _) => self.draw_api_keys(canvas, body),
            (Tab::SigningKeys, _) => self.draw_signing_keys(canvas, body),
            (Tab::Users, _) => self.draw_users(canvas, body),
            (Tab::Transactions, _) => self.draw_transactions(canvas, body),
            (Tab::Trust, _) => self.draw_trust(canvas, body),
        }
    }
}

fn signing_key_state(key: &SigningKeyItem, now: Timestamp) -> (String, Tone) {
    match (key.withdrawn_at, key.retired_at) {
        (Some(at), _) => (format!("withdrawn {}", time_format::date(at)), Tone::Dim),
        (None, Some(at)) if key.signing => (format!("● signs until {}", time_format::date_time(at)), Tone::Good),
        (None, Some(at)) if at <= now => (format!("retired {}", time_format::date(at)), Tone::Dim),
        (None, None) if key.signing => ("● signs".to_owned(), Tone::Good),
        (None, _) if key.signs_from > now => {
            (format!("signs from {}", time_format::date_time(key.signs_from)), Tone::Warn)
        }
        (None, _) => ("replaced".to_owned(), Tone::Dim),
    }
}

impl Tenant {
    fn draw_counts(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let id = self.id.to_string();
        let Some(overview) = &self.overview.value else {
            canvas.line(area, &[(&id, Tone::Dim)]);
            return;
        };
        let it = &overview.summary;
        let (users, credentials) = (short(it.users), short(it.credentials));
        let (succeeded, refused) = (short(it.succeeded), short(it.refused));
        let mut texts: Vec<(&str, Tone)> = Vec::new();
        if it.tenant.disabled_at.is_some() {
            texts.push(("disabled   ", Tone::Warn));
        }
        if area.width >= ID_MIN_WIDTH {
            texts.extend([(id.as_str(), Tone::Dim), ("   ", Tone::Dim)]);
        }
        texts.extend([
            (users.as_str(), Tone::Strong),
            (if it.users == 1 { " user  " } else { " users  " }, Tone::Dim),
            (credentials.as_str(), Tone::Strong),
            (if it.credentials == 1 { " credential  " } else { " credentials  " }, Tone::Dim),
            (succeeded.as_str(), Tone::Good),
            (" ok  ", Tone::Dim),
            (refused.as_str(), refusal_tone(it.refused)),
            (" refused in 7 days  ", Tone::Dim),
        ]);
        let used = canvas.line(area, &texts);
        let totals = overview.activity.iter().map(|point| point.succeeded + point.refused);
        canvas.sparkline(right_of(area, used), totals, Tone::Good);
    }

    fn draw_tabs(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let has_changes = self.form.as_ref().is_some_and(ConfigForm::is_changed);
        let title = |tab: Tab| {
            let mark = if tab == Tab::Configuration && has_changes { " ●" } else { "" };
            format!(" {}{mark} ", tab.name())
        };
        let selected = Tab::ALL.iter().position(|tab| *tab == self.tab);
        canvas.tabs(area, &Tab::ALL.map(title), selected, "", |index| Some(ClickTarget::Tab(index)));
    }

    fn draw_api_keys(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let columns = [
            Column::share(self.column_title(0, "Name"), 1),
            Column::content(self.column_title(1, "Begins with"), 24),
            Column::content(self.column_title(2, "Created"), 12),
            Column::content(self.column_title(3, "Last used"), 11).right(),
            Column::content(self.column_title(4, "Expires"), 16).right(),
        ];
        let empty = "There are no API keys: the tenant's backend cannot call the API.";
        let now = canvas.now;
        canvas.paged_list(area, &self.api_keys, empty, &columns, |it| {
            vec![
                name_cell(&it.name, it.disabled_at),
                cell(&it.hint, Tone::Dim),
                cell(time_format::date(it.created_at), Tone::Dim),
                age_cell(now, it.last_used_at),
                expiry_cell(now, it.expires_at),
            ]
        });
    }

    fn draw_signing_keys(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let columns = [
            Column::fixed(self.column_title(0, "Key id (kid)"), 36),
            Column::content(self.column_title(1, "Algorithm"), 11),
            Column::content(self.column_title(2, "Created"), 12).from_width(84),
            Column::share(self.column_title(3, "State"), 1),
        ];
        let now = canvas.now;
        canvas.paged_list(area, &self.signing_keys, "There are no signing keys.", &columns, |it| {
            let (state, tone) = signing_key_state(it, now);
            vec![
                cell(it.id.to_string(), Tone::Plain),
                cell(it.algorithm.as_str(), Tone::Plain),
                cell(time_format::date(it.created_at), Tone::Dim),
                cell(state, tone),
            ]
        });
    }

    fn draw_users(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let area = canvas.filter_line(area, &self.user_filter);
        let columns = [
            Column::share(self.column_title(0, "User id"), 3),
            Column::share(self.column_title(1, "Signs in as"), 3),
            Column::share(self.column_title(2, "Name"), 2).from_width(90),
            Column::content(self.column_title(3, "Creds"), 7).right(),
            Column::content(self.column_title(4, "Last used"), 11).right(),
            Column::content(self.column_title(5, "First seen"), 12),
        ];
        let empty = if self.user_filter.text().is_some() { "No user matches." } else { "There are no users yet." };
        let now = canvas.now;
        canvas.paged_list(area, &self.users, empty, &columns, |it| {
            vec![
                name_cell(&it.user.user_id, it.user.disabled_at),
                cell(&it.user.name, Tone::Plain),
                cell(&it.user.display_name, Tone::Dim),
                cell(short(it.credentials), if it.credentials == 0 { Tone::Warn } else { Tone::Plain }),
                age_cell(now, it.last_used_at),
                cell(time_format::date(it.user.created_at), Tone::Dim),
            ]
        });
    }

    fn draw_transactions(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let area = canvas.filter_line(area, &self.transaction_filter);
        let has_rows = !self.transactions.rows.is_empty();
        let (list, pane) = if has_rows { split_details(area, DETAILS_WIDTH, self.show_details) } else { (area, None) };
        let columns = [
            Column::share(self.column_title(0, "Transaction"), 3),
            Column::share(self.column_title(1, "User"), 2),
            Column::fixed(self.column_title(2, "State"), 9),
            Column::content(self.column_title(3, "Started"), 9).right(),
        ];
        let is_filtered = self.transaction_filter.text().is_some();
        let empty = if is_filtered { "No transaction matches." } else { "There are no transactions yet." };
        let now = canvas.now;
        canvas.paged_list(list, &self.transactions, empty, &columns, |it| {
            vec![
                cell(&it.transaction.identifier, Tone::Plain),
                cell(&it.user_id, Tone::Plain),
                if it.confirmed { cell("confirmed", Tone::Good) } else { cell("open", Tone::Dim) },
                cell(time_format::ago(now, it.transaction.created_at), Tone::Plain),
            ]
        });
        if let (Some(pane), Some(it)) = (pane, self.transactions.selected()) {
            transaction_details::draw(canvas, &it.transaction, Some(&it.user_id), pane);
        }
    }
}
