//! Charts of activity over time.

use doorward_shared::admin::ActivityPoint;
use ratatui::{
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::{Bar, BarChart, BarGroup, Block, Sparkline, SparklineBar},
};

use super::{
    canvas::{Canvas, row},
    theme::Tone,
};
use crate::{number_format::short, time_format};

/// Width in columns of a date label and the gap after it.
const LABEL_WIDTH: usize = 7;
const MAX_DAY_WIDTH: u16 = 12;
/// Minimum height of an area that also shows refusals, in rows.
const MIN_HEIGHT: u16 = 4;
/// Minimum height of an area with an empty row between the charts, in rows.
const SPACED_HEIGHT: u16 = 8;
/// Minimum width of a panel with room for its title and the legend, in columns.
const LEGEND_MIN_WIDTH: u16 = 76;

/// Raises a nonzero value to the smallest value that the chart can draw (one eighth of a row).
fn visible(value: u64, max: u64, rows: u16) -> u64 {
    let smallest = max.div_ceil(u64::from(rows.max(1)) * 8);
    if value == 0 { 0 } else { value.max(smallest) }
}

impl Canvas<'_> {
    /// Draws two bar charts with one bar per day: succeeded ceremonies above, refused ones below with their own scale.
    pub fn activity(&mut self, area: Rect, points: &[ActivityPoint]) {
        if area.is_empty() || points.is_empty() {
            return;
        }
        // If there are more days than columns, the latest ones are drawn.
        let first = points.len().saturating_sub(usize::from(area.width));
        let points = points.get(first..).unwrap_or_default();
        let days = u16::try_from(points.len()).unwrap_or(u16::MAX);
        let step = (area.width / days).clamp(1, MAX_DAY_WIDTH);
        let gap = u16::from(step > 2);
        let days_per_label = LABEL_WIDTH.div_ceil(usize::from(step));
        let chart = |height: u16, labels: bool, tone: Tone, count: fn(&ActivityPoint) -> u64| {
            let style = self.theme.style(tone);
            let max = points.iter().map(count).max().unwrap_or(0);
            let value = |point: &ActivityPoint| visible(count(point), max, height);
            let bar = |point: &ActivityPoint| Bar::default().value(value(point)).text_value("").style(style);
            let group = |points: &[ActivityPoint]| {
                let group = BarGroup::default().bars(&points.iter().map(bar).collect::<Vec<_>>());
                let label = points.first().filter(|_| labels).map(|point| time_format::month_day(point.at));
                match label {
                    Some(label) => group.label(Line::styled(label, self.theme.style(Tone::Dim))),
                    None => group,
                }
            };
            let chart = BarChart::default().bar_width(step - gap).bar_gap(gap).group_gap(0);
            points.chunks(days_per_label).fold(chart, |chart, points| chart.data(group(points)))
        };
        let rows = if area.height < MIN_HEIGHT {
            [Constraint::Fill(1), Constraint::Length(0), Constraint::Length(0)]
        } else {
            let gap = u16::from(area.height >= SPACED_HEIGHT);
            [Constraint::Fill(3), Constraint::Length(gap), Constraint::Fill(2)]
        };
        let [upper, _, lower] = Layout::vertical(rows).areas(area);
        let succeeded = chart(upper.height, lower.is_empty(), Tone::Good, |point| point.succeeded);
        // One row shows the labels.
        let refused = chart(lower.height.saturating_sub(1), true, Tone::Bad, |point| point.refused);
        self.render(succeeded, upper);
        self.render(refused, lower);
    }

    /// Draws the legend of [`Self::activity`] into the upper border of its panel, if there is room.
    pub fn activity_legend(&mut self, panel: Rect, points: &[ActivityPoint]) {
        if panel.width < LEGEND_MIN_WIDTH {
            return;
        }
        let max = |count: fn(&ActivityPoint) -> u64| short(points.iter().map(count).max().unwrap_or(0));
        let mut spans = Vec::new();
        for (tone, name, max) in [
            (Tone::Good, "succeeded", max(|point| point.succeeded)),
            (Tone::Bad, "refused", max(|point| point.refused)),
        ] {
            spans.push(Span::styled(" ■", self.theme.style(tone)));
            spans.push(Span::styled(format!(" {name}, max {max} "), self.theme.style(Tone::Dim)));
        }
        let inside = Rect { x: panel.x + 2, width: panel.width.saturating_sub(4), ..panel };
        self.render(Block::new().title(Line::from(spans).right_aligned()), row(inside, 0));
    }

    pub fn sparkline(&mut self, area: Rect, values: impl Iterator<Item = u64> + Clone, tone: Tone) {
        self.sparkline_with(area, values, tone, "▁");
    }

    /// Draws a sparkline with a symbol for zero.
    pub fn sparkline_with(
        &mut self,
        area: Rect,
        values: impl Iterator<Item = u64> + Clone,
        tone: Tone,
        zero: &'static str,
    ) {
        let max = values.clone().max().unwrap_or(0);
        let bars = values.map(|value| SparklineBar::from((value > 0).then(|| visible(value, max, 1))));
        let sparkline = Sparkline::default()
            .data(bars.collect::<Vec<_>>())
            .style(self.theme.style(tone))
            .absent_value_symbol(zero)
            .absent_value_style(self.theme.style(Tone::Dim));
        self.render(sparkline, row(area, 0));
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn small_values_are_visible() {
        // One eighth of a row.
        assert_eq!(visible(1, 1_000_000, 4) * 4 * 8 / 1_000_000, 1);
        assert_eq!(visible(0, 10, 4), 0);
        assert_eq!(visible(10, 10, 4), 10);
    }
}
