//! Drawing of the tab that shows the activity.

use doorward_shared::{
    ErrorCode, Timestamp,
    admin::{CeremonyCount, ModelCount, SecretItem, TenantActivity},
    counted,
};
use ratatui::layout::{Constraint, Layout, Rect};

use super::Tenant;
use crate::{
    number_format::short,
    time_format,
    ui::{Canvas, Column, Tone, below, cell, row},
};

/// Minimum width of an area that shows the fix of a refusal beside the list of refusals.
const WIDE: u16 = 120;
/// Minimum height of an area that shows more than the list of refusals.
const SHORT: u16 = 12;
/// On narrow terminals, an area of at least this height has larger panels.
const TALL: u16 = 24;
/// Height of the panel that shows how to fix a refusal, if the chart is below this panel.
const FIX_HEIGHT: u16 = 9;
/// Minimum height of the chart below the panel that shows how to fix a refusal.
const CHART_MIN_HEIGHT: u16 = 6;
/// API keys that expire within this time (in milliseconds) are listed.
const EXPIRES_SOON_MS: i64 = 30 * 86_400_000;
/// Age in milliseconds from which a signing key should be rotated.
const OLD_SIGNING_KEY_MS: i64 = 365 * 86_400_000;
/// Length of the bar that shows the success rate of a kind of ceremony.
const SUCCESS_BAR: u16 = 12;
/// Minimum width of a panel with the bars of success rates.
const BAR_WIDTH: u16 = 58;
/// Minimum width of a panel that also shows how many ceremonies succeeded.
const COUNTS_WIDTH: u16 = 46;

impl Tenant {
    pub(super) fn draw_activity(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(activity) = &self.activity.value else {
            return canvas.placeholder(area, false, self.activity.error.as_ref(), "");
        };
        if area.height < SHORT {
            self.draw_refusals(canvas, activity, area);
        } else if area.width >= WIDE {
            let [upper, lower] = Layout::vertical([Constraint::Length(12), Constraint::Fill(1)]).areas(area);
            let thirds = Layout::horizontal([Constraint::Fill(1); 3]).split(upper);
            let [ceremonies, people, keys] = [0, 1, 2].map(|index| thirds.get(index).copied().unwrap_or_default());
            draw_ceremonies(canvas, activity, ceremonies);
            draw_models(canvas, activity, people);
            self.draw_keys(canvas, None, keys);
            let [refusals, fix] = Layout::horizontal([Constraint::Fill(1); 2]).areas(lower);
            self.draw_refusals(canvas, activity, refusals);
            let has_chart = fix.height >= FIX_HEIGHT + CHART_MIN_HEIGHT;
            let fix_height = if has_chart { FIX_HEIGHT } else { fix.height };
            let fix_rows = [Constraint::Length(fix_height), Constraint::Fill(1)];
            let [fix, chart] = Layout::vertical(fix_rows).areas(fix);
            self.draw_fix(canvas, activity, fix);
            self.draw_days(canvas, chart);
        } else {
            let upper = if area.height >= TALL { 9 } else { (area.height / 2).clamp(4, 7) };
            let fix = if area.height >= TALL { 6 } else { 4.min(area.height / 4) };
            let rows = [Constraint::Length(upper), Constraint::Fill(1), Constraint::Length(fix)];
            let [upper, refusals, fix] = Layout::vertical(rows).areas(area);
            let [ceremonies, keys] = Layout::horizontal([Constraint::Fill(1); 2]).areas(upper);
            draw_ceremonies(canvas, activity, ceremonies);
            self.draw_keys(canvas, Some(activity), keys);
            self.draw_refusals(canvas, activity, refusals);
            self.draw_fix(canvas, activity, fix);
        }
        canvas.stale_marker(area, self.activity.error.as_ref());
    }

    fn draw_days(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(overview) = self.overview.value.as_ref().filter(|_| !area.is_empty()) else { return };
        let title = format!("Ceremonies and refusals, {} days", overview.activity.len());
        let inside = canvas.panel(area, &title, false);
        canvas.activity(inside, &overview.activity);
    }

    fn draw_refusals(&self, canvas: &mut Canvas<'_>, activity: &TenantActivity, area: Rect) {
        let title = match activity.examined_since {
            Some(since) => {
                format!(
                    "Refusals (newest {}, since {})",
                    counted(short(activity.examined_entries), "entry"),
                    time_format::date(since)
                )
            }
            None => "Refusals".to_owned(),
        };
        let inside = canvas.panel(area, &title, true);
        if activity.refusals.is_empty() {
            return canvas.placeholder(inside, true, None, "Nothing was refused.");
        }
        let columns = [Column::share("Code", 1), Column::fixed("Count", 5).right(), Column::fixed("Latest", 6).right()];
        let now = canvas.now;
        canvas.table(inside, &columns, activity.refusals.iter(), &self.refusals, true, |it| {
            vec![
                cell(&it.code, Tone::Plain),
                cell(short(it.count), Tone::Bad),
                cell(time_format::ago(now, it.latest), Tone::Dim),
            ]
        });
    }

    /// Draws the cause of the selected refusal and how to fix it.
    fn draw_fix(&self, canvas: &mut Canvas<'_>, activity: &TenantActivity, area: Rect) {
        let Some(refusal) = self.selected_refusal(activity) else { return };
        let inside = canvas.panel(area, &format!("How to fix {}", refusal.code), false);
        match refusal.code.parse::<ErrorCode>() {
            Ok(code) => {
                // If there is no room for both, only the fix is drawn, because it is more useful.
                let has_room = inside.height >= 4;
                let used = if has_room { canvas.paragraph(inside, code.description(), Tone::Dim) } else { 0 };
                canvas.paragraph(below(inside, used), code.help().fix, Tone::Plain);
            }
            Err(_) => {
                canvas.paragraph(inside, "A newer server wrote this code: update doorward-admin.", Tone::Dim);
            }
        }
    }

    /// Draws the keys that need attention. If `activity` is given, also draws a summary of users and models.
    fn draw_keys(&self, canvas: &mut Canvas<'_>, activity: Option<&TenantActivity>, area: Rect) {
        let inside = canvas.panel(area, if activity.is_some() { "Users and keys" } else { "Keys" }, false);
        let now = canvas.now;
        let mut lines: Vec<(String, Tone)> = activity.map_or_else(Vec::new, summary);
        lines.push(self.signing_key_line(now));
        if self.api_keys.loaded {
            let expiring = expiring(&self.api_keys.rows, now);
            lines.push(match (self.api_keys.rows.len(), expiring.len()) {
                (0, _) => ("no API key: the backend cannot call the API".to_owned(), Tone::Warn),
                (keys, 0) => (format!("{}, none expires in 30 days", counted(keys, "API key")), Tone::Plain),
                (keys, _) => (format!("{}, of which these expire:", counted(keys, "API key")), Tone::Plain),
            });
            for (key, at) in expiring {
                let is_over = at <= now;
                let text = if is_over {
                    format!("  {} expired {}", key.name, time_format::past(now, at))
                } else {
                    format!("  {} {}", key.name, time_format::ago(now, at))
                };
                lines.push((text, if is_over { Tone::Bad } else { Tone::Warn }));
            }
        }
        for (index, (text, tone)) in (0..).zip(&lines) {
            canvas.line(row(inside, index), &[(text, *tone)]);
        }
    }

    fn signing_key_line(&self, now: Timestamp) -> (String, Tone) {
        if !self.signing_keys.loaded {
            return ("signing key: …".to_owned(), Tone::Dim);
        }
        let Some(key) = self.signing_keys.rows.iter().find(|key| key.signing) else {
            return ("no signing key".to_owned(), Tone::Bad);
        };
        let age = now.millis().saturating_sub(key.created_at.millis());
        let text = format!("{} signing key, {} old", key.algorithm, time_format::duration(age));
        if age > OLD_SIGNING_KEY_MS { (format!("{text}: rotate it"), Tone::Warn) } else { (text, Tone::Plain) }
    }
}

/// Returns the number of active users and the most frequent models, one line each.
fn summary(activity: &TenantActivity) -> Vec<(String, Tone)> {
    let users = format!("{} active", counted(activity.active_users, "user"));
    let model = |it: &ModelCount| format!("{} {} %", model_name(it), share_of_models(activity, it));
    let models: Vec<String> = activity.models.iter().take(3).map(model).collect();
    let models = (!models.is_empty()).then(|| (models.join(", "), Tone::Dim));
    std::iter::once((users, Tone::Plain)).chain(models).collect()
}

fn model_name(it: &ModelCount) -> String {
    if it.aaguid.is_nil() {
        return "no model stated".to_owned();
    }
    it.model.clone().unwrap_or_else(|| format!("unknown model {}", it.aaguid))
}

fn share_of_models(activity: &TenantActivity, it: &ModelCount) -> u64 {
    it.credentials.saturating_mul(100) / activity.examined_credentials.max(1)
}

/// Returns the keys that have expired or expire soon, with the time of expiry.
fn expiring(keys: &[SecretItem], now: Timestamp) -> Vec<(&SecretItem, Timestamp)> {
    let limit = now.plus_millis(EXPIRES_SOON_MS);
    let mut expiring: Vec<_> =
        keys.iter().filter_map(|key| Some((key, key.expires_at?))).filter(|(_, at)| *at <= limit).collect();
    expiring.sort_by_key(|(_, at)| *at);
    expiring
}

/// Returns the share of successful ceremonies, rounded down, so that 100 % means that none was refused.
fn percent(it: &CeremonyCount) -> u64 {
    it.succeeded.saturating_mul(100).checked_div(it.succeeded + it.refused).unwrap_or(0)
}

fn draw_ceremonies(canvas: &mut Canvas<'_>, activity: &TenantActivity, area: Rect) {
    let inside = canvas.panel(area, "Success of ceremonies, 7 days", false);
    if activity.ceremonies.is_empty() {
        return canvas.placeholder(inside, true, None, "No ceremony was finalized in the last seven days.");
    }
    for (index, it) in (0..).zip(&activity.ceremonies) {
        let percent = percent(it);
        let tone = match percent {
            95.. => Tone::Good,
            80.. => Tone::Warn,
            _ => Tone::Bad,
        };
        let filled = usize::try_from(percent * u64::from(SUCCESS_BAR) / 100).unwrap_or(0);
        let bar = "█".repeat(filled) + &"░".repeat(usize::from(SUCCESS_BAR).saturating_sub(filled));
        let (name, share) = (format!("{:<17}", it.ceremony.replace('_', " ")), format!(" {percent:>3} % "));
        let counts = if inside.width < COUNTS_WIDTH { String::new() } else { format!("{} ok ", short(it.succeeded)) };
        let refused = if it.refused == 0 { String::new() } else { format!("{} refused", short(it.refused)) };
        let mut texts = vec![(name.as_str(), Tone::Plain)];
        if inside.width >= BAR_WIDTH {
            texts.push((bar.as_str(), tone));
        }
        texts.extend([(share.as_str(), tone), (counts.as_str(), Tone::Dim), (refused.as_str(), Tone::Bad)]);
        canvas.line(row(inside, index), &texts);
    }
}

fn draw_models(canvas: &mut Canvas<'_>, activity: &TenantActivity, area: Rect) {
    let inside = canvas.panel(area, "Users and authenticators", false);
    let users = short(activity.active_users);
    let examined = format!(" active in the newest {}", counted(short(activity.examined_entries), "entry"));
    canvas.line(
        inside,
        &[
            (&users, Tone::Strong),
            (if activity.active_users == 1 { " user" } else { " users" }, Tone::Plain),
            (&examined, Tone::Dim),
        ],
    );
    let title = format!("Models of the newest {}:", counted(short(activity.examined_credentials), "credential"));
    canvas.line(row(inside, 1), &[(&title, Tone::Dim)]);
    for (index, it) in (2..).zip(&activity.models) {
        let place = row(inside, index);
        canvas.line(Rect { width: place.width.saturating_sub(7), ..place }, &[(&model_name(it), Tone::Plain)]);
        canvas.line_right(place, &[(&format!("{} %", share_of_models(activity, it)), Tone::Dim)]);
    }
}
