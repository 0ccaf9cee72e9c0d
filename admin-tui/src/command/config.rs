//! `doorward-admin tenant config …`

use std::{collections::BTreeSet, path::Path};

use doorward_shared::{
    ErrorCode,
    admin::{ConfigCheck, ConfigProblem, TenantDetail, TrustImpact},
    command_line::Confirmation,
    config::{TenantConfig, with_omitted},
    counted,
};
use serde_json::{Value, json};

use super::{
    confirm::{confirm, confirm_by_name},
    context::CommandContext,
    draft::Draft,
    error::CommandError,
    input::read_text,
    output::Output,
    trust_impact,
};
use crate::{
    api::VersionedTenant,
    args::tenants::{ConfigCheckArgs, ConfigCommand, ConfigEditArgs, ConfigSetArgs},
    config_diff::{Change, diff},
    sanitize::sanitize,
};

const MAX_BYTES: u64 = 1024 * 1024;

/// If the RP ID changes, asks the user to type the tenant's name. With `--yes`, only states the consequence. Returns
/// the number of credentials that stop working; `None` if the RP ID does not change.
async fn confirm_rp_id(
    context: &CommandContext,
    confirmation: Confirmation,
    tenant: &TenantDetail,
    new: &TenantConfig,
) -> Result<Option<u64>, CommandError> {
    let (old_id, new_id) = (&tenant.config.webauthn.relying_party.id, &new.webauthn.relying_party.id);
    if old_id == new_id {
        return Ok(None);
    }
    let credentials = context.api.tenant_overview(tenant.id, 1).await?.summary.credentials;
    let consequence = format!(
        "This changes the RP ID from {old_id} to {new_id}. Passkeys and second factors that stop working: {credentials}."
    );
    if confirmation.yes && !context.output.json {
        context.output.notice(&consequence);
    }
    confirm_by_name(confirmation, &consequence, &tenant.display_name)?;
    Ok(Some(credentials))
}

pub(super) async fn run(context: &CommandContext, command: ConfigCommand) -> Result<(), CommandError> {
    match command {
        ConfigCommand::Get(args) => {
            let id = context.tenant(&args.tenant).await?;
            let config = context.api.tenant(id).await?.tenant.config;
            if context.output.json { context.output.json(&config) } else { context.output.pretty_json(&config) }
        }
        ConfigCommand::Set(args) => set(context, args).await,
        ConfigCommand::Edit(args) => edit(context, args).await,
        ConfigCommand::Check(args) => check(context, &args).await,
    }
}

async fn check(context: &CommandContext, args: &ConfigCheckArgs) -> Result<(), CommandError> {
    let problems = problems(context, &read_json(&args.file)?).await?;
    let found = problems.len();
    if context.output.json {
        context.output.json(&ConfigCheck { problems })?;
    } else if problems.is_empty() {
        context.output.line("the configuration is valid")?;
    } else {
        problems.iter().try_for_each(|problem| context.output.line(&sanitize(&describe(problem))))?;
    }
    match found {
        0 => Ok(()),
        found => Err(CommandError::failed(format!("the configuration has {}", counted(found, "invalid value")))),
    }
}

/// Reads a changed configuration from a file and validates it on the server. The error lists all problems.
pub(super) async fn read(
    context: &CommandContext,
    file: &Path,
    current: Option<&TenantConfig>,
) -> Result<TenantConfig, CommandError> {
    let value = read_json(file)?;
    let problems = problems(context, &value).await?;
    if !problems.is_empty() {
        let lines: Vec<_> = problems.iter().map(describe).collect();
        return Err(CommandError::failed(lines.join("\n")));
    }
    Ok(with_omitted(value, current)?)
}

async fn set(context: &CommandContext, args: ConfigSetArgs) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let VersionedTenant { tenant, version } = context.api.tenant(id).await?;
    let new = read(context, &args.file, Some(&tenant.config)).await?;
    let changes = changes(&tenant.config, &new)?;
    print_changes(context.output, &changes)?;
    let impact = trust_impact::of_change(context, id, &tenant.config.trust, &new.trust).await?;
    if args.dry_run {
        print_impact(context.output, impact)?;
        let result = if changes.is_empty() { "dry run: no changes" } else { "dry run: nothing was changed" };
        let mut report = json!({ "changes": changes_to_json(&changes) });
        if let (Some(members), Some(impact)) = (report.as_object_mut(), impact) {
            members.insert("trust_impact".to_owned(), json!(impact));
        }
        context.output.change(false, &report, result)?;
        return if changes.is_empty() { Ok(()) } else { Err(CommandError::WouldChange) };
    }
    if changes.is_empty() {
        return context.output.change(false, &json!({ "changes": [] }), "no changes");
    }
    let lost = confirm_rp_id(context, args.confirmation, &tenant, &new).await?;
    let asks = lost.is_none() && !args.confirmation.yes;
    match impact {
        Some(impact) if asks && impact.credentials_lost > 0 => {
            confirm(args.confirmation, &crate::trust_text::describe(impact))?;
        }
        impact => print_impact(context.output, impact)?,
    }
    context.api.configure_tenant(id, &new, version).await?;
    print_saved(context.output, &changes, lost, impact)
}

async fn edit(context: &CommandContext, args: ConfigEditArgs) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let original = context.api.tenant(id).await?;
    let draft = Draft::create(&serde_json::to_string_pretty(&original.tenant.config)?)?;
    draft.edit(&context.editor)?;
    save_draft(context, args.confirmation, original, &draft).await.map_err(|error| draft.add_path(error))?;
    draft.remove();
    Ok(())
}

async fn save_draft(
    context: &CommandContext,
    confirmation: Confirmation,
    original: VersionedTenant,
    draft: &Draft,
) -> Result<(), CommandError> {
    let VersionedTenant { tenant, version } = original;
    let new = read(context, &draft.path, Some(&tenant.config)).await?;
    let changes = changes(&tenant.config, &new)?;
    if changes.is_empty() {
        return context.output.unchanged("no changes");
    }
    print_changes(context.output, &changes)?;
    let impact = trust_impact::of_change(context, tenant.id, &tenant.config.trust, &new.trust).await?;
    let lost = confirm_rp_id(context, confirmation, &tenant, &new).await?;
    if lost.is_some() || confirmation.yes {
        print_impact(context.output, impact)?;
    }
    if lost.is_none() {
        let impact = impact.map_or_else(String::new, |impact| format!(" {}", crate::trust_text::describe(impact)));
        confirm(confirmation, &format!("This changes the configuration of the tenant.{impact}"))?;
    }
    match context.api.configure_tenant(tenant.id, &new, version).await {
        Err(error) if error.code() == Some(ErrorCode::TenantChanged) => {
            let theirs = context.api.tenant(tenant.id).await?.tenant.config;
            Err(conflict(&tenant, &self::changes(&tenant.config, &theirs)?, &changes, draft))
        }
        result => {
            result?;
            print_saved(context.output, &changes, lost, impact)
        }
    }
}

/// Returns the error for the case that another administrator changed the tenant while the user edited the draft. For
/// each value that the administrator or the user changed, the message lists the old value and each new value.
fn conflict(tenant: &TenantDetail, theirs: &[Change], mine: &[Change], draft: &Draft) -> CommandError {
    let find = |changes: &[Change], path: &str| changes.iter().find(|change| change.path == path).cloned();
    let paths: BTreeSet<&str> = theirs.iter().chain(mine).map(|change| change.path.as_str()).collect();
    let line = |path: &str| {
        let (theirs, mine) = (find(theirs, path), find(mine, path));
        let old = theirs.as_ref().or(mine.as_ref()).and_then(|change| change.old.as_ref());
        let mut line = format!("{path}: was {}", text(old));
        if let Some(change) = theirs {
            line += &format!(", now {}", text(change.new.as_ref()));
        }
        if let Some(change) = mine {
            line += &format!(", yours {}", text(change.new.as_ref()));
        }
        sanitize(&line).into_owned()
    };
    let lines: Vec<String> = paths.into_iter().map(line).collect();
    CommandError::failed(format!(
        "another administrator changed the tenant in the meantime; nothing was saved\n{}\nput the values that you want into \
         the draft and apply it with: doorward-admin tenant config set {} {}",
        lines.join("\n"),
        tenant.id,
        draft.path.display()
    ))
}

fn print_saved(
    output: Output,
    changes: &[Change],
    lost_credentials: Option<u64>,
    impact: Option<TrustImpact>,
) -> Result<(), CommandError> {
    let text = format!("changed {}", counted(changes.len(), "value"));
    let mut result = json!({ "changes": changes_to_json(changes) });
    if let Value::Object(members) = &mut result {
        members.extend(lost_credentials.map(|lost| ("lost_credentials".to_owned(), lost.into())));
        members.extend(impact.map(|impact| ("trust_impact".to_owned(), json!(impact))));
    }
    output.change(true, &result, &text)
}

/// Returns the problems that the server finds in a configuration.
async fn problems(context: &CommandContext, value: &Value) -> Result<Vec<ConfigProblem>, CommandError> {
    Ok(context.api.check_config(value).await?.problems)
}

fn describe(problem: &ConfigProblem) -> String {
    if problem.field.is_empty() { problem.message.clone() } else { format!("{}: {}", problem.field, problem.message) }
}

/// Reads JSON from a file, or from standard input for `-`.
fn read_json(file: &Path) -> Result<Value, CommandError> {
    let text = read_text(file, MAX_BYTES)?;
    serde_json::from_str(&text).map_err(|error| CommandError::failed(format!("{}: {error}", file.display())))
}

/// Returns the values that differ between two configurations.
fn changes(current: &TenantConfig, new: &TenantConfig) -> Result<Vec<Change>, CommandError> {
    Ok(diff(&serde_json::to_value(current)?, &serde_json::to_value(new)?))
}

fn text(value: Option<&Value>) -> String {
    value.map_or_else(|| "(absent)".to_owned(), ToString::to_string)
}

fn print_changes(output: Output, changes: &[Change]) -> Result<(), CommandError> {
    if output.json {
        return Ok(());
    }
    changes.iter().try_for_each(|change| output.line(&sanitize(&change.to_string())))
}

/// Prints how many users would lose credentials under new trust policies.
fn print_impact(output: Output, impact: Option<TrustImpact>) -> Result<(), CommandError> {
    match impact {
        Some(impact) if !output.json => output.line(&crate::trust_text::describe(impact)),
        _ => Ok(()),
    }
}

/// Returns the values before and after the changes. Absent values are left out.
pub(super) fn changes_to_json(changes: &[Change]) -> Value {
    let change = |Change { path, old, new }: &Change| {
        let mut change = serde_json::Map::from_iter([("field".to_owned(), Value::from(path.clone()))]);
        change.extend(old.clone().map(|old| ("before".to_owned(), old)));
        change.extend(new.clone().map(|new| ("after".to_owned(), new)));
        Value::Object(change)
    };
    changes.iter().map(change).collect()
}
