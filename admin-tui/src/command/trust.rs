//! `doorward-admin trust …`

use doorward_shared::admin::{AffectedUser, AlgorithmCount, CryptoRadar};
use serde_json::json;

use super::{config, context::CommandContext, error::CommandError, pages, table::Column, trust_impact};
use crate::args::{
    tenants::TenantArg,
    trust::{TrustCommand, TrustPreviewArgs},
};

const USER_COLUMNS: [Column; 5] = [
    Column::text("USER", 12),
    Column::text("NAME", 12),
    Column::number("LOST"),
    Column::number("KEPT"),
    Column::new("ID").hide_order(1),
];

const RADAR_COLUMNS: [Column; 3] =
    [Column::new("ALGORITHM"), Column::number("PASSKEYS"), Column::number("SECOND FACTORS")];

const READY_COLUMNS: [Column; 4] =
    [Column::new("REQUIREMENT"), Column::number("READY USERS"), Column::number("SHARE"), Column::text("MEANING", 16)];

pub(super) async fn run(context: &CommandContext, command: TrustCommand) -> Result<(), CommandError> {
    match command {
        TrustCommand::Preview(args) => preview(context, args).await,
        TrustCommand::Radar(args) => radar(context, args).await,
    }
}

async fn preview(context: &CommandContext, args: TrustPreviewArgs) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let current = context.api.tenant(id).await?.tenant.config;
    let new = match &args.file {
        Some(file) => config::read(context, file, Some(&current)).await?,
        None => current,
    };
    let policies = if args.enforce { new.trust.enforced() } else { new.trust };
    let mut impact = None;
    let users = pages::collect(args.limit, async |after, limit| {
        let page = context.api.preview_trust(id, &policies, after, limit).await?;
        impact = impact.or(page.impact);
        Ok((page.items, page.next))
    })
    .await?;
    let impact = match impact {
        Some(impact) => impact,
        // With `--limit 0`, no page was requested, so no response contains the impact.
        None => trust_impact::of_policies(context, id, &policies).await?,
    };
    if context.output.json {
        return context.output.json(&json!({ "impact": impact, "users": users }));
    }
    context.output.line(&crate::trust_text::describe(impact))?;
    if users.is_empty() {
        return Ok(());
    }
    context.output.line("")?;
    let row = |user: &AffectedUser| {
        vec![
            user.user.user_id.clone(),
            user.user.name.clone(),
            user.credentials_lost.to_string(),
            user.credentials_kept.to_string(),
            user.user.id.to_string(),
        ]
    };
    context.output.table(&USER_COLUMNS, users.iter().map(row).collect())
}

async fn radar(context: &CommandContext, args: TenantArg) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let radar = context.api.crypto_radar(id).await?;
    if context.output.json {
        return context.output.json(&radar);
    }
    context.output.table(&RADAR_COLUMNS, algorithm_rows(&radar))?;
    context.output.line("")?;
    let row = |ready: &doorward_shared::admin::ReadyUsers| {
        vec![
            ready.requirement.to_string(),
            ready.users.to_string(),
            share(ready.users, radar.users),
            ready.requirement.description().to_owned(),
        ]
    };
    context.output.table(&READY_COLUMNS, radar.ready.iter().map(row).collect())?;
    context.output.line("")?;
    context.output.line(&format!(
        "Users with a credential: {}. A user is ready with at least one that meets the requirement.",
        radar.users
    ))
}

/// Returns a row for each algorithm in use, the most frequent first.
fn algorithm_rows(radar: &CryptoRadar) -> Vec<Vec<String>> {
    let count = |counts: &[AlgorithmCount], algorithm| {
        counts.iter().find(|count| count.algorithm == algorithm).map_or(0, |count| count.credentials)
    };
    let mut algorithms: Vec<_> =
        radar.passkeys.iter().chain(&radar.second_factors).map(|count| count.algorithm).collect();
    algorithms.sort();
    algorithms.dedup();
    let counts = |algorithm| (count(&radar.passkeys, algorithm), count(&radar.second_factors, algorithm));
    algorithms.sort_by_key(|algorithm| {
        let (passkeys, second_factors) = counts(*algorithm);
        std::cmp::Reverse(passkeys.saturating_add(second_factors))
    });
    let row = |algorithm: doorward_shared::CoseAlgorithm| {
        let (passkeys, second_factors) = counts(algorithm);
        vec![algorithm.to_string(), passkeys.to_string(), second_factors.to_string()]
    };
    algorithms.into_iter().map(row).collect()
}

/// Formats a share in percent, rounded down, so that 100 % means all.
fn share(part: u64, whole: u64) -> String {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    format!("{percent} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_is_rounded_down() {
        assert_eq!(share(999, 1_000), "99 %");
        assert_eq!(share(5, 5), "100 %");
        assert_eq!(share(0, 0), "0 %");
    }
}
