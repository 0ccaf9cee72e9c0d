//! Drawing of tabs.

use std::ops::Range;

use ratatui::{layout::Rect, widgets::Tabs};

use super::{
    canvas::{Canvas, ClickTarget, columns, right_of, row},
    theme::Tone,
};
use crate::sanitize::sanitize;

/// Returns the range of tabs to draw if not all fit. It contains the selected tab and begins as far left as possible.
/// One column at each end is left for an arrow.
fn shown_tabs(widths: &[u16], selected: usize, available: u16) -> Range<usize> {
    let available = available.saturating_sub(2);
    let width = |range: Range<usize>| widths.get(range).unwrap_or_default().iter().sum::<u16>();
    let first = (0..selected).find(|first| width(*first..selected + 1) <= available).unwrap_or(selected);
    let end = (selected + 1..=widths.len()).take_while(|end| width(first..*end) <= available).last();
    first..end.unwrap_or(selected + 1)
}

impl Canvas<'_> {
    /// Draws tabs side by side and returns the number of columns used. If not all fit, only tabs around the selected
    /// one are drawn, with an arrow at each end where tabs are hidden. `target` maps a tab's index to its click target.
    pub fn tabs(
        &mut self,
        area: Rect,
        titles: &[String],
        selected: Option<usize>,
        divider: &str,
        target: impl Fn(usize) -> Option<ClickTarget>,
    ) -> u16 {
        let area = row(area, 0);
        let widths: Vec<u16> = titles.iter().map(|title| columns(title) + columns(divider)).collect();
        let fits = widths.iter().sum::<u16>().saturating_sub(columns(divider)) <= area.width;
        let shown = if fits { 0..titles.len() } else { shown_tabs(&widths, selected.unwrap_or(0), area.width) };
        let mut place = area;
        if let Some(before) = shown.start.checked_sub(1) {
            place = right_of(place, self.tab_arrow(place, "‹", target(before)));
        }
        let tabs = Tabs::new(titles.get(shown.clone()).unwrap_or_default().iter().map(|title| sanitize(title)))
            .select(selected.and_then(|selected| selected.checked_sub(shown.start)))
            .style(self.theme.style(Tone::Dim))
            .highlight_style(self.theme.active())
            .padding("", "")
            .divider(divider);
        self.render(tabs, place);
        for index in shown.clone() {
            let width = widths.get(index).copied().unwrap_or(0);
            let title_width = width.saturating_sub(columns(divider)).min(place.width);
            if let Some(target) = target(index) {
                self.target(Rect { width: title_width, ..place }, target);
            }
            place = right_of(place, width);
        }
        if shown.end < titles.len() {
            let end = right_of(area, area.width.saturating_sub(1));
            self.tab_arrow(end, "›", target(shown.end));
            return area.width;
        }
        place.x - area.x
    }

    /// Draws an arrow that leads to a hidden tab. Returns the width of the arrow.
    fn tab_arrow(&mut self, area: Rect, arrow: &str, target: Option<ClickTarget>) -> u16 {
        if let Some(target) = target {
            self.target(Rect { width: 1, ..area }, target);
        }
        self.line(area, &[(arrow, Tone::Accent)])
    }
}
