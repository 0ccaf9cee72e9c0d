//! `doorward-admin overview`

use doorward_shared::admin::Overview;

use super::{activity, audit_table, context::CommandContext, error::CommandError, output::time, tenant_table};
use crate::{args::OverviewArgs, number_format};

pub(super) async fn run(context: &CommandContext, args: OverviewArgs) -> Result<(), CommandError> {
    let overview = context.api.overview(args.days).await?;
    if context.output.json {
        return context.output.json(&overview);
    }
    context.output.pairs(&[
        ("server", context.api.url().to_string()),
        ("version", overview.version.clone()),
        ("database", format!("{}, {}", overview.engine, number_format::bytes(overview.database_bytes))),
        ("up", duration(overview.uptime_seconds)),
        ("time", time(overview.now)),
        ("tenants", overview.tenants.to_string()),
        ("users", overview.users.to_string()),
        ("credentials", overview.credentials.to_string()),
        ("counted at", format!("{} (today's counts are {} old)", time(overview.counted_at), age(&overview))),
    ])?;
    context.output.line("")?;
    activity::print(context.output, &overview.activity)?;
    lists(context, &overview)
}

fn lists(context: &CommandContext, overview: &Overview) -> Result<(), CommandError> {
    if !overview.busiest.is_empty() {
        context.output.line("\nBusiest tenants (newest 10 000 entries)")?;
        context.output.table(&tenant_table::COLUMNS, overview.busiest.iter().map(tenant_table::row).collect())?;
    }
    if !overview.latest_refusals.is_empty() {
        context.output.line("\nLatest refusals")?;
        let rows = overview.latest_refusals.iter().rev().map(|item| audit_table::row(item, true)).collect();
        context.output.table(audit_table::columns(true), rows)?;
    }
    Ok(())
}

/// Returns the age of today's counts.
fn age(overview: &Overview) -> String {
    let millis = overview.now.millis().saturating_sub(overview.counted_at.millis());
    duration(u64::try_from(millis / 1_000).unwrap_or(0))
}

/// Formats a duration in its two largest units.
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
    fn durations_are_formatted() {
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(61), "1 min 1 s");
        assert_eq!(duration(7_260), "2 h 1 min");
        assert_eq!(duration(90_000), "1 d 1 h");
    }
}
