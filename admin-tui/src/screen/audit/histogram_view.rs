//! Drawing of the statistics of the loaded entries: the histogram above the rows, and the most frequent values.

use doorward_shared::counted;

use ratatui::layout::Rect;

use super::{
    Audit,
    statistics::{Histogram, Property, top},
};
use crate::{
    number_format::short,
    time_format,
    ui::{Canvas, ClickTarget, Column, Tone, below, cell, right_of, row},
};

/// Number of rows of the histogram: one each for succeeded entries, refused entries, and the scale.
const HEIGHT: u16 = 3;
/// Minimum height of an area with a histogram.
const MIN_HEIGHT: u16 = 18;
const LABEL_WIDTH: u16 = 16;
const MAX_BAR: u16 = 20;

fn bar(count: u64, max: u64, width: u16) -> String {
    let cells = (u128::from(count) * u128::from(width)).div_ceil(u128::from(max.max(1)));
    "█".repeat(usize::try_from(cells).unwrap_or(0))
}

impl Audit {
    /// Draws the numbers of succeeded and refused entries over time. Returns the rest of the area.
    pub(super) fn draw_histogram(&self, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
        if self.hides_histogram || area.height < MIN_HEIGHT || area.width <= LABEL_WIDTH + 2 {
            return area;
        }
        let bars = Rect { width: area.width - LABEL_WIDTH - 1, ..right_of(area, LABEL_WIDTH) };
        let Some(histogram) = Histogram::of(&self.log.rows, usize::from(bars.width)) else { return area };
        let (succeeded, refused) = histogram.totals();
        for (line, mark, name, total, tone) in
            [(0, "✓", "ok", succeeded, Tone::Good), (1, "✗", "refused", refused, Tone::Bad)]
        {
            let label = format!(" {name:<7} {:>4}", short(total));
            canvas.line(right_of(row(area, line), 1), &[(mark, tone), (&label, Tone::Dim)]);
            let count = |(succeeded, refused): &(u64, u64)| if line == 0 { *succeeded } else { *refused };
            canvas.sparkline(row(bars, line), histogram.counts.iter().map(count), tone);
        }
        let time = |at| time_format::date_time(canvas.zone.to_local(at)).get(5..).unwrap_or_default().to_owned();
        let range = format!("{} to {}", time(histogram.start), time(histogram.end));
        let rows = self.log.rows.len();
        let noun = if rows == 1 { "entry" } else { "entries" };
        let scale = format!("{rows} {noun} loaded · {range}");
        canvas.line(row(bars, 2), &[(&scale, Tone::Dim)]);
        below(area, HEIGHT)
    }

    /// Draws the most frequent values of a property of the loaded entries.
    pub(super) fn draw_top_values(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let inside = canvas.panel(area, "Most frequent", self.pane.is_focused);
        let note = format!("of the {} loaded so far", counted(self.log.rows.len(), "entry"));
        canvas.panel_note(area, &note);
        let titles = Property::ALL.map(|property| format!(" {} ", property.name()));
        canvas.tabs(inside, &titles, Some(self.pane.property), "", |index| Some(ClickTarget::Tab(index)));
        let list = below(inside, 1);
        let values = top(&self.log.rows, self.pane.property());
        if values.is_empty() {
            let text = format!("No loaded entry has a {}.", self.pane.property().name());
            canvas.paragraph(below(list, 1), &text, Tone::Dim);
            return;
        }
        let max = values.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let width = MAX_BAR.min(list.width / 4);
        let columns = [Column::fixed("", 6).right(), Column::fixed("", width), Column::share("", 1)];
        canvas.table(list, &columns, values.iter(), &self.pane.values, self.pane.is_focused, |(value, count)| {
            vec![
                cell(count.to_string(), Tone::Plain),
                cell(bar(*count, max, width), Tone::Accent),
                cell(value.as_ref(), Tone::Plain),
            ]
        });
    }
}
