//! Charts of activity over time.

use doorward_shared::admin::ActivityPoint;
use ratatui::{
    layout::{Constraint, Layout, Rect},
    text::Line,
    widgets::{Bar, BarChart, BarGroup, Sparkline, SparklineBar},
};

use super::{
    canvas::{Canvas, below, right_of},
    theme::Tone,
};
use crate::{number_format::short, time_format};

/// Width in columns of a date label and the gap after it.
const LABEL_WIDTH: usize = 7;
const MAX_DAY_WIDTH: u16 = 12;
/// Width in columns of the names of the two series. The names distinguish the series on terminals without colours.
const NAMES_WIDTH: u16 = 12;
/// Minimum height in rows of an area whose chart shows dates.
const DATES_HEIGHT: u16 = 3;
/// Minimum height in rows of an area whose chart has an empty row between the series.
const SPACED_HEIGHT: u16 = 8;

/// Symbols for heights from one eighth of a row to a whole row.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Raises a nonzero value to the smallest value that the chart can draw (one eighth of a row).
fn visible(value: u64, max: u64, rows: u16) -> u64 {
    let smallest = max.div_ceil(u64::from(rows.max(1)) * 8);
    if value == 0 { 0 } else { value.max(smallest) }
}

/// Returns the last `width` values as one line of text, one character for each value, the newest on the right. A zero
/// is a dot.
pub fn spark_text(values: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator, width: usize) -> String {
    let skipped = values.len().saturating_sub(width);
    let values: Vec<u64> = values.skip(skipped).collect();
    let max = values.iter().copied().max().unwrap_or(0).max(1);
    let symbol = |value: &u64| {
        let eighths = usize::try_from(value.saturating_mul(8).div_ceil(max)).unwrap_or(8);
        eighths.checked_sub(1).and_then(|index| EIGHTHS.get(index)).copied().unwrap_or('·')
    };
    let padding = std::iter::repeat_n(' ', width.saturating_sub(values.len()));
    padding.chain(values.iter().map(symbol)).collect()
}

/// One of the two series of an activity chart: the successful ceremonies or the refused requests of each day.
struct Series {
    name: &'static str,
    tone: Tone,
    count: fn(&ActivityPoint) -> u64,
}

const SUCCEEDED: Series = Series { name: "succeeded", tone: Tone::Good, count: |point| point.succeeded };
const REFUSED: Series = Series { name: "refused", tone: Tone::Bad, count: |point| point.refused };

impl Canvas<'_> {
    /// Draws two bar charts with one bar per day: successful ceremonies above, refused requests below. Each chart has
    /// its own scale, so that few refusals are visible beside many successes.
    pub fn activity(&mut self, area: Rect, points: &[ActivityPoint]) {
        if area.height < 2 || points.is_empty() {
            return;
        }
        let dates = u16::from(area.height >= DATES_HEIGHT);
        let gap = u16::from(area.height >= SPACED_HEIGHT);
        let rows = [Constraint::Fill(3), Constraint::Length(gap), Constraint::Fill(2), Constraint::Length(dates)];
        let [upper, _, lower, dates] = Layout::vertical(rows).areas(area);
        self.series(upper, points, &SUCCEEDED, 0);
        let with_dates = Rect { height: lower.height + dates.height, ..lower };
        self.series(with_dates, points, &REFUSED, dates.height);
    }

    /// Draws the name, the highest value and the bars of a series. The last `dates` rows show dates.
    fn series(&mut self, area: Rect, points: &[ActivityPoint], series: &Series, dates: u16) {
        let Series { name, tone, count } = *series;
        let height = area.height - dates;
        let max = points.iter().map(count).max().unwrap_or(0);
        let names = Rect { width: NAMES_WIDTH.min(area.width), height, ..area };
        let highest = if height > 1 { format!("max {}", short(max)) } else { String::new() };
        self.line(names, &[(name, tone)]);
        self.line(below(names, 1), &[(&highest, Tone::Dim)]);
        let area = right_of(area, NAMES_WIDTH);
        if area.is_empty() {
            return;
        }
        // If there are more days than columns, only the latest days are drawn.
        let first = points.len().saturating_sub(usize::from(area.width));
        let points = points.get(first..).unwrap_or_default();
        let days = u16::try_from(points.len()).unwrap_or(u16::MAX);
        let step = (area.width / days).clamp(1, MAX_DAY_WIDTH);
        let gap = u16::from(step > 2);
        let style = self.theme.style(tone);
        let bar = |point: &ActivityPoint| {
            Bar::default().value(visible(count(point), max, height)).text_value("").style(style)
        };
        let group = |points: &[ActivityPoint]| {
            let group = BarGroup::default().bars(&points.iter().map(bar).collect::<Vec<_>>());
            match points.first().filter(|_| dates > 0) {
                Some(point) => group.label(Line::styled(time_format::month_day(point.at), self.theme.style(Tone::Dim))),
                None => group,
            }
        };
        let chart = BarChart::default().bar_width(step - gap).bar_gap(gap).group_gap(0);
        let days_per_label = LABEL_WIDTH.div_ceil(usize::from(step));
        let chart = points.chunks(days_per_label).fold(chart, |chart, points| chart.data(group(points)));
        self.render(chart, area);
    }

    /// Draws the newest values for which there is room, as bars that are one column wide, the newest on the right.
    pub fn sparkline(&mut self, area: Rect, values: impl Iterator<Item = u64> + Clone, tone: Tone) {
        let width = usize::from(area.width);
        let skipped = values.clone().count().saturating_sub(width);
        let values = values.skip(skipped);
        let max = values.clone().max().unwrap_or(0);
        let missing = width.saturating_sub(values.clone().count());
        let bar = |value: u64| SparklineBar::from((value > 0).then(|| visible(value, max, area.height)));
        let bars = std::iter::repeat_n(SparklineBar::from(None), missing).chain(values.map(bar));
        let sparkline = Sparkline::default()
            .data(bars.collect::<Vec<_>>())
            .style(self.theme.style(tone))
            .absent_value_symbol(" ")
            .absent_value_style(self.theme.style(Tone::Dim));
        self.render(sparkline, area);
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{Timestamp, admin::ActivityPoint};
    use ratatui::{buffer::Buffer, layout::Rect};

    use super::{Canvas, spark_text, visible};
    use crate::ui::Theme;

    #[test]
    fn small_values_are_visible() {
        // One eighth of a row.
        assert_eq!(visible(1, 1_000_000, 4) * 4 * 8 / 1_000_000, 1);
        assert_eq!(visible(0, 10, 4), 0);
        assert_eq!(visible(10, 10, 4), 10);
    }

    #[test]
    fn sparkline_text_shows_the_newest_values_at_the_right() {
        assert_eq!(spark_text([0, 1, 4, 8].into_iter(), 6), "  ·▁▄█");
        assert_eq!(spark_text([9, 0, 8].into_iter(), 2), "·█");
        assert_eq!(spark_text([0, 0].into_iter(), 2), "··");
    }

    #[test]
    fn one_refusal_among_a_million_successes_is_visible_at_every_height() {
        let point = ActivityPoint { at: Timestamp::from_millis(0), succeeded: 1_000_000, refused: 1 };
        for height in 2..12 {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 40, height));
            let (theme, now) = (Theme::Plain, Timestamp::from_millis(0));
            let mut canvas = Canvas {
                buffer: &mut buffer,
                theme,
                now,
                zone: Default::default(),
                is_connected: true,
                info: Default::default(),
            };
            canvas.activity(Rect::new(0, 0, 40, height), &[point]);
            let row_of = |name: &str| {
                (0..height).find(|y| (0..40).map(|x| buffer[(x, *y)].symbol()).collect::<String>().contains(name))
            };
            let row = row_of("refused").unwrap_or_else(|| panic!("no legend at height {height}"));
            assert!((row..height).any(|y| (12..40).any(|x| buffer[(x, y)].symbol() == "█")), "{height}: {buffer:?}");
        }
    }
}
