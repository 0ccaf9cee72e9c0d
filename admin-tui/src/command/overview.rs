//! `doorward-admin overview`

use doorward_shared::admin::{ActivityPoint, Overview};

use super::{
    Context, Failed, audit,
    output::time,
    table::{Column, Table},
    tenants,
};
use crate::args::OverviewArgs;

pub(super) async fn run(context: &Context, args: OverviewArgs) -> Result<(), Failed> {
    let overview = context.api.overview(args.days).await?;
    if context.out.json {
        return context.out.value(&overview);
    }
    context.out.pairs(&[
        ("server", context.api.url().to_string()),
        ("version", overview.version.clone()),
        ("database", format!("{}, {}", overview.engine, size(overview.database_bytes))),
        ("up", duration(overview.uptime_seconds)),
        ("time", time(overview.now)),
        ("tenants", overview.tenants.to_string()),
        ("users", overview.users.to_string()),
        ("credentials", overview.credentials.to_string()),
    ])?;
    context.out.line("")?;
    activity(context, &overview.activity)?;
    lists(context, &overview)
}

fn lists(context: &Context, overview: &Overview) -> Result<(), Failed> {
    if !overview.busiest.is_empty() {
        context.out.line("\nBusiest tenants")?;
        let rows: Vec<_> = overview.busiest.iter().map(tenants::row).collect();
        context.out.table(&tenants::columns(), &rows)?;
    }
    if !overview.latest_refusals.is_empty() {
        context.out.line("\nLatest refusals")?;
        let rows: Vec<_> = overview.latest_refusals.iter().rev().map(|item| audit::row(item, true)).collect();
        context.out.table(&audit::columns(true), &rows)?;
    }
    Ok(())
}

/// Prints successes and refusals day by day, with a bar as long as their share of the busiest day.
pub(super) fn activity(context: &Context, points: &[ActivityPoint]) -> Result<(), Failed> {
    const LONGEST: u64 = 24;
    let most = points.iter().map(|point| point.succeeded.saturating_add(point.refused)).max().unwrap_or(0).max(1);
    let bar = |count: u64, symbol: &str| {
        // Whatever happened at all is to be seen.
        let length = (u128::from(count) * u128::from(LONGEST)).div_ceil(u128::from(most));
        symbol.repeat(usize::try_from(length).unwrap_or(0))
    };
    let columns = Table::new(&[
        Column::new("DAY"),
        Column::number("SUCCEEDED"),
        Column::number("REFUSED"),
        Column::text("", 4).spare(1),
    ]);
    let row = |point: &ActivityPoint| {
        let day = time(point.at).chars().take(10).collect();
        let bars = bar(point.succeeded, "█") + &bar(point.refused, "░");
        vec![day, point.succeeded.to_string(), point.refused.to_string(), bars]
    };
    context.out.table(&columns, &points.iter().map(row).collect::<Vec<_>>())
}

/// Bytes, in a unit that leaves one to four digits.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut rest = bytes;
    for unit in UNITS {
        if rest < 10_240 || unit == "TiB" {
            return format!("{rest} {unit}");
        }
        rest /= 1024;
    }
    format!("{bytes} B")
}

/// A span of time in its two largest units.
fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(10_239), "10239 B");
        assert_eq!(size(1_500_000), "1464 KiB");
        assert_eq!(size(5_000_000_000), "4768 MiB");
        assert_eq!(size(u64::MAX), "16777215 TiB");
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(61), "1 min 1 s");
        assert_eq!(duration(7_260), "2 h 1 min");
        assert_eq!(duration(90_000), "1 d 1 h");
    }
}
