//! Table of the daily activity, with a bar for each day.

use doorward_shared::admin::ActivityPoint;

use super::{
    error::CommandError,
    output::{Output, time},
    table::Column,
};

const MAX_BAR: u64 = 24;

const COLUMNS: [Column; 4] =
    [Column::new("DAY"), Column::number("SUCCEEDED"), Column::number("REFUSED"), Column::text("", 4).hide_order(1)];

pub(super) fn print(output: Output, points: &[ActivityPoint]) -> Result<(), CommandError> {
    let max = points.iter().map(|point| point.succeeded.saturating_add(point.refused)).max().unwrap_or(0).max(1);
    let bar = |count: u64, symbol: &str| {
        // The length is rounded up, so that every nonzero count is visible.
        let length = (u128::from(count) * u128::from(MAX_BAR)).div_ceil(u128::from(max));
        symbol.repeat(usize::try_from(length).unwrap_or(0))
    };
    let row = |point: &ActivityPoint| {
        let day = time(point.at).chars().take(10).collect();
        let bars = bar(point.succeeded, "█") + &bar(point.refused, "░");
        vec![day, point.succeeded.to_string(), point.refused.to_string(), bars]
    };
    output.table(&COLUMNS, points.iter().map(row).collect())
}
