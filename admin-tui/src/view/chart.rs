//! What ended well and what was refused over time, as columns.

use doorward_shared::admin::ActivityPoint;
use ratatui::{layout::Rect, style::Style};

use super::paint::{Painter, columns};
use crate::{model::Tone, when};

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// A number in few characters: `999`, `1.2k`, `35k`, `4.1M`.
#[must_use]
pub fn short(number: u64) -> String {
    const UNITS: [&str; 4] = ["k", "M", "G", "T"];
    if number < 1_000 {
        return number.to_string();
    }
    let mut scale = 1_000_u64;
    let mut units = UNITS.iter().peekable();
    while let Some(unit) = units.next() {
        if number / scale < 1_000 || units.peek().is_none() {
            let (whole, tenth) = (number / scale, number % scale / (scale / 10));
            return if whole < 10 { format!("{whole}.{tenth}{unit}") } else { format!("{whole}{unit}") };
        }
        scale = scale.saturating_mul(1_000);
    }
    number.to_string()
}

/// A round number that is not less.
fn ceiling(number: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let round = step.saturating_mul(factor);
            if round >= number {
                return round;
            }
        }
        step = step.saturating_mul(10);
    }
}

/// A count as eighths of a line; what is there at all is seen.
fn eighths(count: u64, top: u64, lines: u16) -> u64 {
    let full = u64::from(lines) * 8;
    let scaled = u128::from(count) * u128::from(full) / u128::from(top.max(1));
    let scaled = u64::try_from(scaled).unwrap_or(full);
    if count > 0 { scaled.max(1) } else { 0 }
}

impl Painter<'_> {
    /// Draws columns day by day, what ended well below, what was refused on top, with labels at both axes.
    pub(crate) fn activity(&mut self, area: Rect, points: &[ActivityPoint]) {
        let axis = 6;
        if area.height < 3 || area.width < axis + 8 || points.is_empty() {
            return;
        }
        let days = u16::try_from(points.len()).unwrap_or(u16::MAX);
        let plot = Rect::new(area.x + axis, area.y, area.width - axis, area.height - 1);
        // More days than columns: the latest ones.
        let skipped = points.len().saturating_sub(usize::from(plot.width));
        let points = points.get(skipped..).unwrap_or_default();
        let step = (plot.width / days.min(plot.width)).clamp(1, 12);
        let bar = step.saturating_sub(if step > 2 { 1 } else { 0 }).max(1);
        let top = ceiling(points.iter().map(|point| point.succeeded + point.refused).max().unwrap_or(0).max(4));
        self.scale(area, plot, top);
        let mut free = plot.x;
        for (at, point) in points.iter().enumerate() {
            let x = plot.x + u16::try_from(at).unwrap_or(u16::MAX).saturating_mul(step);
            self.column(Rect::new(x, plot.y, bar, plot.height), point, top);
            let label = when::month_day(point.at);
            if x >= free && x + columns(&label) <= plot.right() {
                self.text(x, plot.bottom(), 5, &label, Tone::Dim);
                free = x + columns(&label) + 2;
            }
        }
    }

    fn scale(&mut self, area: Rect, plot: Rect, top: u64) {
        let middle = plot.y + plot.height / 2;
        for (y, value) in [(plot.y, top), (middle, top / 2), (plot.bottom() - 1, 0)] {
            // Half of an odd number is no number of logins, and labels need a line each.
            if (y == middle && (top % 2 == 1 || plot.height < 5)) || (value == 0 && y != plot.bottom() - 1) {
                continue;
            }
            let label = short(value);
            let x = (area.x + 4).saturating_sub(columns(&label));
            self.text(x, y, 4, &label, Tone::Dim);
        }
        for y in plot.y..plot.bottom() {
            self.styled(plot.x - 1, y, 1, "│", self.theme.faint());
        }
    }

    fn column(&mut self, area: Rect, point: &ActivityPoint, top: u64) {
        let full = u64::from(area.height) * 8;
        let good = eighths(point.succeeded, top, area.height).min(full);
        let all = (good + eighths(point.refused, top, area.height)).min(full);
        let (green, red) = (self.theme.style(Tone::Good), self.theme.style(Tone::Bad));
        for (line, y) in (area.y..area.bottom()).rev().enumerate() {
            let below = u64::try_from(line).unwrap_or(u64::MAX).saturating_mul(8);
            let (good, all) = (good.saturating_sub(below).min(8), all.saturating_sub(below).min(8));
            if all == 0 {
                break;
            }
            let eighth = |count: u64| EIGHTHS.get(usize::try_from(count).unwrap_or(8)).copied().unwrap_or("█");
            let (symbol, style) = match (good, all) {
                (good, all) if good == all => (eighth(good), green),
                (0, all) if self.theme.has_colors() => (eighth(all), red),
                (0, _) => ("░", Style::new()),
                // Both meet in this cell: the lower part in front of the upper.
                (good, 8) if self.theme.has_colors() => (eighth(good), green.bg(red.fg.unwrap_or_default())),
                (good, _) => (eighth(good), green),
            };
            self.styled(area.x, y, area.width, &symbol.repeat(usize::from(area.width)), style);
        }
    }

    /// Draws a line of small columns.
    pub(crate) fn sparkline(&mut self, x: u16, y: u16, counts: impl Iterator<Item = u64> + Clone, tone: Tone) -> u16 {
        let top = counts.clone().max().unwrap_or(0);
        let mut used = 0;
        for count in counts {
            let at = usize::try_from(eighths(count, top, 1)).unwrap_or(0);
            let symbol = EIGHTHS.get(at.min(8)).copied().unwrap_or(" ");
            let (symbol, tone) = if count == 0 { ("▁", Tone::Dim) } else { (symbol, tone) };
            used += self.text(x + used, y, 1, symbol, tone);
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0, 999, 1_000, 1_250, 35_499, 999_999, 4_100_000, u64::MAX].map(short);
        assert_eq!(all, ["0", "999", "1.0k", "1.2k", "35k", "999k", "4.1M", "18446744T"]);
    }

    #[test]
    fn scales_are_round_and_nothing_vanishes() {
        assert_eq!([1, 3, 7, 11, 480, 501].map(ceiling), [1, 5, 10, 20, 500, 1_000]);
        assert_eq!(ceiling(u64::MAX), u64::MAX);
        assert_eq!(eighths(1, 1_000_000, 4), 1);
        assert_eq!(eighths(0, 10, 4), 0);
        assert_eq!(eighths(10, 10, 4), 32);
    }
}
