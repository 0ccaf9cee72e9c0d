//! `doorward-admin tenant config …`

use std::path::Path;

use doorward_shared::{
    TenantId,
    admin::{ConfigCheck, ConfigProblem, TenantDetail},
    config::TenantConfig,
};
use serde_json::{Value, json};

use super::{
    confirm::confirm,
    context::CommandContext,
    draft::Draft,
    error::CommandError,
    input::read_text,
    output::{Output, count},
};
use crate::{
    api::VersionedTenant,
    args::tenants::{ConfigCheckArgs, ConfigCommand, ConfigEditArgs, ConfigSetArgs},
    config_diff::{Change, diff},
    sanitize::sanitize,
};

const MAX_BYTES: u64 = 1024 * 1024;

pub(super) const RP_ID_CHANGES: &str =
    "This changes the RP ID. All passkeys and second factors of the tenant belong to the old one and stop working.";

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
        found => Err(CommandError::failed(format!("the configuration has {}", count(found, "invalid value")))),
    }
}

/// Reads a configuration from a file and validates it on the server. The error lists all problems.
pub(super) async fn read(context: &CommandContext, file: &Path) -> Result<TenantConfig, CommandError> {
    let value = read_json(file)?;
    let problems = problems(context, &value).await?;
    if !problems.is_empty() {
        let lines: Vec<_> = problems.iter().map(describe).collect();
        return Err(CommandError::failed(lines.join("\n")));
    }
    Ok(serde_json::from_value(value)?)
}

async fn set(context: &CommandContext, args: ConfigSetArgs) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let new = read(context, &args.file).await?;
    let VersionedTenant { tenant: TenantDetail { config: current, .. }, version } = context.api.tenant(id).await?;
    let changes = changes(&current, &new)?;
    print_changes(context.output, &changes)?;
    if args.dry_run {
        let result = if changes.is_empty() { "dry run: no changes" } else { "dry run: nothing was changed" };
        context.output.change(false, &json!({ "changes": changes_to_json(&changes) }), result)?;
        return if changes.is_empty() { Ok(()) } else { Err(CommandError::WouldChange) };
    }
    if current.webauthn.relying_party.id != new.webauthn.relying_party.id {
        confirm(args.confirmation, RP_ID_CHANGES)?;
    }
    save(context, id, &new, version, &changes).await
}

async fn edit(context: &CommandContext, args: ConfigEditArgs) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let VersionedTenant { tenant: TenantDetail { config: current, .. }, version } = context.api.tenant(id).await?;
    let draft = Draft::create(&serde_json::to_string_pretty(&current)?)?;
    draft.edit(&context.editor)?;
    let new = read(context, &draft.path).await.map_err(|error| draft.add_path(error))?;
    let changes = changes(&current, &new)?;
    if changes.is_empty() {
        draft.remove();
        return context.output.unchanged("no changes");
    }
    print_changes(context.output, &changes)?;
    let rp_id_changes = current.webauthn.relying_party.id != new.webauthn.relying_party.id;
    let consequence = if rp_id_changes { RP_ID_CHANGES } else { "This changes the configuration of the tenant." };
    let saved = match confirm(args.confirmation, consequence) {
        Ok(()) => save(context, id, &new, version, &changes).await,
        Err(error) => Err(error),
    };
    saved.map_err(|error| draft.add_path(error))?;
    draft.remove();
    Ok(())
}

async fn save(
    context: &CommandContext,
    id: TenantId,
    new: &TenantConfig,
    version: Option<String>,
    changes: &[Change],
) -> Result<(), CommandError> {
    let result = json!({ "changes": changes_to_json(changes) });
    if changes.is_empty() {
        return context.output.change(false, &result, "no changes");
    }
    context.api.configure_tenant(id, new, version).await?;
    context.output.change(true, &result, &format!("changed {}", count(changes.len(), "value")))
}

/// Returns the validation errors of the server.
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

/// Returns the changed values. Settings that the new configuration omits and the server keeps are not changed.
fn changes(current: &TenantConfig, new: &TenantConfig) -> Result<Vec<Change>, CommandError> {
    let new = new.clone().with_omitted(Some(current));
    Ok(diff(&serde_json::to_value(current)?, &serde_json::to_value(new)?))
}

fn print_changes(output: Output, changes: &[Change]) -> Result<(), CommandError> {
    if output.json {
        return Ok(());
    }
    changes.iter().try_for_each(|change| output.line(&sanitize(&change.to_string())))
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
