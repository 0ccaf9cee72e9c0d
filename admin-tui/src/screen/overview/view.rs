//! Drawing of the overview: three numbers and two lists on small terminals, all panels on large terminals.

use doorward_shared::admin::Overview as OverviewData;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{Focus, Overview};
use crate::{
    number_format::{bytes, short},
    time_format,
    ui::{Canvas, Tone, View, below, columns, refusal_tone, right_of},
};

/// Minimum width of a screen with panels beside the chart.
const WIDE: u16 = 130;
/// Minimum width of a screen with three lists side by side.
const THREE_LISTS: u16 = 150;
/// Minimum height of the area below the facts (see [`Overview::draw_facts`]) that shows a chart.
const CHART_HEIGHT: u16 = 15;
/// Minimum height of the area below the facts that shows each vital in a panel.
const PANELS_HEIGHT: u16 = 22;
/// Minimum height of the area below the facts that shows all panels.
const TALL: u16 = 34;
/// Number of rows at the top for the facts: their names, their values, and an empty row.
const FACTS_HEIGHT: u16 = 3;
/// Minimum height of a screen that shows the facts about the installation.
const FACTS_MIN_HEIGHT: u16 = 12;

impl View for Overview {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(data) = &self.data.value else {
            return canvas.placeholder(area, false, self.data.error.as_ref(), "");
        };
        let has_facts = area.height >= FACTS_MIN_HEIGHT;
        if has_facts {
            self.draw_facts(canvas, data, area);
        }
        let rest = below(area, if has_facts { FACTS_HEIGHT } else { 0 });
        let (vitals, middle) = match rest.height {
            TALL.. => (8, 12),
            PANELS_HEIGHT.. => (5, 8),
            CHART_HEIGHT.. => (3, 6),
            _ => (3, 0),
        };
        let rows = [Constraint::Length(vitals), Constraint::Length(middle), Constraint::Fill(1)];
        let [vitals, middle, lists] = Layout::vertical(rows).areas(rest);
        if rest.height >= PANELS_HEIGHT {
            self.draw_vitals(canvas, vitals);
        } else {
            self.draw_numbers(canvas, vitals);
        }
        self.draw_middle(canvas, data, middle, rest.height >= TALL);
        self.draw_lists(canvas, data, lists);
        canvas.stale_marker(area, self.data.error.as_ref());
    }
}

impl Overview {
    /// Draws the facts about the installation, such as health, version and number of users, as a row of names above a
    /// row of values. Omits the last facts if they do not fit.
    fn draw_facts(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        // A duration below one second would be shown as `now`.
        let uptime_ms = i64::try_from(data.uptime_seconds.max(1)).unwrap_or(i64::MAX).saturating_mul(1_000);
        let succeeded = data.activity.iter().map(|point| point.succeeded).sum();
        let refused = data.activity.iter().map(|point| point.refused).sum();
        let jobs = self.history.latest.as_ref().map_or(&[][..], |vitals| &vitals.jobs);
        let failing = jobs.iter().filter(|job| job.failing).count();
        let health = match failing {
            // Without a connection, the last response may be outdated.
            _ if !canvas.is_connected => ("○ unknown".to_owned(), Tone::Bad),
            0 => ("● up".to_owned(), Tone::Good),
            1 => ("▲ 1 job fails".to_owned(), Tone::Warn),
            _ => (format!("▲ {failing} jobs fail"), Tone::Warn),
        };
        let facts = [
            ("health", health.0, health.1),
            ("uptime", time_format::duration(uptime_ms), Tone::Plain),
            ("version", data.version.clone(), Tone::Plain),
            ("storage", format!("{} {}", data.engine, bytes(data.database_bytes)), Tone::Plain),
            ("tenants", short(data.tenants), Tone::Plain),
            ("users", short(data.users), Tone::Plain),
            ("credentials", short(data.credentials), Tone::Plain),
            ("ceremonies", short(succeeded), Tone::Good),
            ("refused", short(refused), refusal_tone(refused)),
        ];
        let widths = facts.each_ref().map(|(name, value, _)| columns(value).max(columns(name)));
        let spare = area.width.saturating_sub(2 + widths.iter().sum::<u16>());
        let gap = (spare / 8).clamp(1, 6);
        let mut place = right_of(area, 1);
        for ((name, value, tone), width) in facts.iter().zip(widths) {
            if width > place.width {
                break;
            }
            canvas.line(place, &[(name, Tone::Dim)]);
            canvas.line(below(place, 1), &[(value, *tone)]);
            place = right_of(place, width + gap);
        }
    }

    fn draw_middle(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect, is_tall: bool) {
        if area.width < WIDE {
            return self.draw_chart(canvas, data, area);
        }
        let panels = [Constraint::Fill(5), Constraint::Fill(4), Constraint::Fill(if is_tall { 3 } else { 0 })];
        let [chart, codes, node] = Layout::horizontal(panels).areas(area);
        self.draw_chart(canvas, data, chart);
        self.draw_codes(canvas, codes);
        if is_tall {
            self.draw_node(canvas, node);
        }
    }

    fn draw_chart(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        if area.is_empty() {
            return;
        }
        let inside = canvas.panel(area, &format!("Ceremonies and refusals, {} days", self.days), false);
        let age = canvas.now.millis().saturating_sub(data.counted_at.millis()).max(1_000);
        canvas.panel_note(area, &format!("today's counts are {} old", time_format::duration(age)));
        canvas.activity(inside, &data.activity);
    }

    fn draw_lists(&self, canvas: &mut Canvas<'_>, data: &OverviewData, area: Rect) {
        if area.width >= THREE_LISTS {
            let panels = [Constraint::Fill(1); 3];
            let [busiest, refusals, changes] = Layout::horizontal(panels).areas(area);
            self.draw_busiest(canvas, data, busiest);
            self.draw_refusals(canvas, data, refusals);
            self.draw_changes(canvas, changes);
            return;
        }
        let [busiest, second] = Layout::horizontal([Constraint::Fill(9), Constraint::Fill(11)]).areas(area);
        self.draw_busiest(canvas, data, busiest);
        if self.second == Focus::Changes {
            self.draw_changes(canvas, second);
        } else {
            self.draw_refusals(canvas, data, second);
        }
    }
}
