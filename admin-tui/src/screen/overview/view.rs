//! Drawing of the overview.

use doorward_shared::admin::Overview as OverviewData;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Focus, Overview};
use crate::{
    number_format::{bytes, short},
    time_format,
    ui::{Canvas, Column, Tone, View, below, cell, columns, refusal_tone, refusals_cell, right_of, tenant_cell},
};

/// Minimum screen width at which the list of refusals is beside the other panels.
const WIDE: u16 = 130;
/// Title of the panel of the busiest tenants. It states which audit entries the server counts.
const BUSIEST_TITLE: &str = "Busiest tenants (newest 10 000 entries)";
/// Minimum width of a panel with that title.
const BUSIEST_TITLE_WIDTH: u16 = 46;

impl View for Overview {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(data) = &self.data.value else {
            return canvas.placeholder(area, false, self.data.error.as_ref(), "");
        };
        draw_facts(canvas, data, area);
        let panels = below(area, 3);
        if area.width >= WIDE {
            let columns = [Constraint::Fill(11), Constraint::Fill(9)];
            let [left, refusals] = Layout::horizontal(columns).spacing(1).areas(panels);
            let [chart, busiest] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(left);
            self.draw_chart(canvas, data, chart);
            self.draw_busiest(canvas, data, busiest);
            self.draw_refusals(canvas, data, refusals);
        } else {
            let rows = [Constraint::Length((panels.height * 9 / 20).max(6)), Constraint::Min(0)];
            let [chart, lists] = Layout::vertical(rows).areas(panels);
            let columns = [Constraint::Fill(9), Constraint::Fill(11)];
            let [busiest, refusals] = Layout::horizontal(columns).areas(lists);
            self.draw_chart(canvas, data, chart);
            self.draw_busiest(canvas, data, busiest);
            self.draw_refusals(canvas, data, refusals);
        }
        canvas.stale_marker(area, self.data.error.as_ref());
    }
}

fn draw_facts(canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
    // A duration below one second would be shown as `now`.
    let uptime_ms = i64::try_from(data.uptime_seconds.max(1)).unwrap_or(i64::MAX).saturating_mul(1_000);
    let succeeded = data.activity.iter().map(|point| point.succeeded).sum();
    let refused = data.activity.iter().map(|point| point.refused).sum();
    let facts = [
        ("health", "● up".to_owned(), Tone::Good),
        ("uptime", time_format::duration(uptime_ms), Tone::Plain),
        ("version", data.version.clone(), Tone::Plain),
        ("storage", format!("{} {}", data.engine, bytes(data.database_bytes)), Tone::Plain),
        ("tenants", short(data.tenants), Tone::Plain),
        ("users", short(data.users), Tone::Plain),
        ("passkeys", short(data.credentials), Tone::Plain),
        ("logins", short(succeeded), Tone::Good),
        ("refused", short(refused), refusal_tone(refused)),
    ];
    let widths = facts.each_ref().map(|(name, value, _)| columns(value).max(columns(name)));
    let spare = area.width.saturating_sub(2 + widths.iter().sum::<u16>());
    let gap = (spare / 8).clamp(1, 6);
    let mut place = right_of(area, 1);
    for ((name, value, tone), width) in facts.iter().zip(widths) {
        canvas.line(place, &[(name, Tone::Dim)]);
        canvas.line(below(place, 1), &[(value, *tone)]);
        place = right_of(place, width + gap);
    }
}

impl Overview {
    fn draw_chart(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        let inside = canvas.panel(area, &format!("Logins and refusals, {} days", self.days), false);
        canvas.activity_legend(area, &data.activity);
        let age = canvas.now.millis().saturating_sub(data.counted_at.millis()).max(1_000);
        canvas.panel_note(area, &format!("today's counts are {} old", time_format::duration(age)));
        canvas.activity(inside, &data.activity);
    }

    fn draw_busiest(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        let focused = self.focus == Focus::BusiestTenants;
        let title = if area.width >= BUSIEST_TITLE_WIDTH { BUSIEST_TITLE } else { "Busiest tenants (newest 10k)" };
        let inside = canvas.panel(area, title, focused);
        if data.busiest.is_empty() {
            return canvas.placeholder(inside, true, None, "No tenant has been used yet.");
        }
        let columns = [
            Column::share("Tenant", 1),
            Column::fixed("OK 7d", 5).right(),
            Column::fixed("Refused", 7).right(),
            Column::fixed("Users", 5).right().from_width(44),
            Column::fixed("Last", 4).right().from_width(36),
        ];
        let now = canvas.now;
        canvas.table(inside, &columns, data.busiest.iter(), &self.busiest, focused, |it| {
            vec![
                cell(&it.tenant.display_name, Tone::Plain),
                cell(short(it.succeeded), Tone::Good),
                refusals_cell(it.refused),
                cell(short(it.users), Tone::Plain),
                cell(it.last_activity.map(|at| time_format::ago(now, at)).unwrap_or_default(), Tone::Dim),
            ]
        });
    }

    fn draw_refusals(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        let focused = self.focus == Focus::Refusals;
        let inside = canvas.panel(area, "Latest refusals", focused);
        if data.latest_refusals.is_empty() {
            return canvas.placeholder(inside, true, None, "Nothing was refused.");
        }
        let columns = [
            Column::fixed("When", 4).right(),
            Column::share("Why", 3),
            Column::share("Tenant", 2).from_width(56),
            Column::share("User", 2).from_width(36),
        ];
        let now = canvas.now;
        canvas.table(inside, &columns, data.latest_refusals.iter(), &self.refusals, focused, |it| {
            let entry = &it.entry;
            let reason = entry.error_code.as_deref().or(entry.error.as_deref()).unwrap_or(entry.kind.as_str());
            vec![
                cell(time_format::ago(now, entry.created_at), Tone::Dim),
                cell(reason, Tone::Bad),
                tenant_cell(it),
                cell(entry.actor_user_id.as_deref().unwrap_or("–"), Tone::Plain),
            ]
        });
    }
}
