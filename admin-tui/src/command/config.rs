//! `doorward-admin tenants config …`

use std::{io::Read as _, path::Path};

use doorward_shared::{TenantId, admin::ConfigProblem, config::TenantConfig};
use serde_json::Value;

use super::{Context, Failed, confirm::confirm, draft::Draft, tenant};
use crate::{
    args::tenants::{ConfigCheckArgs, ConfigCommand, ConfigEditArgs, ConfigSetArgs},
    escape::visible,
};

/// No configuration is that long.
const MOST_BYTES: u64 = 1024 * 1024;

pub(super) async fn run(context: &Context, command: ConfigCommand) -> Result<(), Failed> {
    match command {
        ConfigCommand::Get(args) => {
            let id = tenant::find(&context.api, &args.tenant).await?;
            let config = context.api.tenant(id).await?.config;
            if context.out.json { context.out.value(&config) } else { context.out.pretty(&config) }
        }
        ConfigCommand::Set(args) => set(context, args).await,
        ConfigCommand::Edit(args) => edit(context, args).await,
        ConfigCommand::Check(args) => check(context, &args).await,
    }
}

async fn check(context: &Context, args: &ConfigCheckArgs) -> Result<(), Failed> {
    let problems = problems(context, &json_in(&args.file)?).await?;
    if context.out.json {
        context.out.value(&doorward_shared::admin::ConfigCheck { problems: problems.clone() })?;
    } else if problems.is_empty() {
        context.out.line("nothing is wrong with it")?;
    } else {
        for problem in &problems {
            context.out.line(&visible(&line(problem)))?;
        }
    }
    match problems.len() {
        0 => Ok(()),
        count => Err(Failed::new(format!("{count} of its values would be refused"))),
    }
}

/// Reads a configuration, and refuses it with everything that is wrong with it.
pub(super) async fn read(context: &Context, file: &Path) -> Result<TenantConfig, Failed> {
    let value = json_in(file)?;
    let problems = problems(context, &value).await?;
    if !problems.is_empty() {
        let lines: Vec<_> = problems.iter().map(line).collect();
        return Err(Failed::new(lines.join("\n")));
    }
    serde_json::from_value(value).map_err(|error| Failed::new(error.to_string()))
}

async fn set(context: &Context, args: ConfigSetArgs) -> Result<(), Failed> {
    let id = tenant::find(&context.api, &args.tenant).await?;
    let new = read(context, &args.file).await?;
    let present = context.api.tenant(id).await?.config;
    let changes = compared(&present, &new)?;
    if context.out.json && args.dry_run {
        return context.out.value(&changes_json(&changes));
    }
    show(context, &changes)?;
    if args.dry_run {
        return context.out.line(if changes.is_empty() { "nothing would change" } else { "nothing was changed" });
    }
    if present.webauthn.relying_party.id != new.webauthn.relying_party.id {
        confirm(args.confirmation, ANOTHER_RP_ID)?;
    }
    save(context, id, &new, changes.len()).await
}

const ANOTHER_RP_ID: &str = "Another RP ID makes every passkey and second factor of this tenant useless.";

async fn edit(context: &Context, args: ConfigEditArgs) -> Result<(), Failed> {
    let id = tenant::find(&context.api, &args.tenant).await?;
    let present = context.api.tenant(id).await?.config;
    let text = serde_json::to_string_pretty(&present).map_err(|error| Failed::new(error.to_string()))?;
    let draft = Draft::write(&text)?;
    draft.open(&context.editor)?;
    let new = read(context, &draft.path).await.map_err(|failed| draft.kept(failed))?;
    let changes = compared(&present, &new)?;
    if changes.is_empty() {
        draft.remove();
        return context.out.done("nothing changed");
    }
    show(context, &changes)?;
    let another = present.webauthn.relying_party.id != new.webauthn.relying_party.id;
    let question = if another { ANOTHER_RP_ID } else { "This is saved for all further ceremonies of the tenant." };
    let saved = match confirm(args.confirmation, question) {
        Ok(()) => save(context, id, &new, changes.len()).await,
        Err(failed) => Err(failed),
    };
    saved.map_err(|failed| draft.kept(failed))?;
    draft.remove();
    Ok(())
}

/// What would change: a configuration without `mfa` leaves that part alone.
fn compared(present: &TenantConfig, new: &TenantConfig) -> Result<Vec<Change>, Failed> {
    let mut wanted = new.clone();
    if wanted.mfa.is_none() {
        wanted.mfa.clone_from(&present.mfa);
    }
    Ok(changes(&value(present)?, &value(&wanted)?))
}

fn show(context: &Context, changes: &[Change]) -> Result<(), Failed> {
    if context.out.json {
        return Ok(());
    }
    let line = |(path, before, after): &Change| context.out.line(&visible(&format!("{path}: {before} → {after}")));
    changes.iter().try_for_each(line)
}

async fn save(context: &Context, id: TenantId, new: &TenantConfig, changes: usize) -> Result<(), Failed> {
    context.api.configure_tenant(id, new).await?;
    context.out.done(&match changes {
        0 => "nothing changed".to_owned(),
        1 => "1 value is changed".to_owned(),
        count => format!("{count} values are changed"),
    })
}

fn line(problem: &ConfigProblem) -> String {
    if problem.field.is_empty() { problem.message.clone() } else { format!("{}: {}", problem.field, problem.message) }
}

/// What the server would refuse, and what it would not even look at.
async fn problems(context: &Context, value: &Value) -> Result<Vec<ConfigProblem>, Failed> {
    let mut problems = context.api.check_config(value).await?.problems;
    if let Ok(known) = serde_json::from_value::<TenantConfig>(value.clone()) {
        let unknown = unknown("", value, &self::value(&known)?);
        problems
            .extend(unknown.into_iter().map(|field| ConfigProblem { field, message: "no such setting".to_owned() }));
    }
    Ok(problems)
}

fn value(config: &TenantConfig) -> Result<Value, Failed> {
    serde_json::to_value(config).map_err(|error| Failed::new(error.to_string()))
}

/// JSON in a file, or on standard input.
fn json_in(file: &Path) -> Result<Value, Failed> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(MOST_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(MOST_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| Failed::new(format!("{}: {error}", file.display())))?;
    serde_json::from_str(&text).map_err(|error| Failed::new(format!("{}: {error}", file.display())))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Members that were written, and mean nothing. A null means absent, and is not missed.
fn unknown(path: &str, written: &Value, known: &Value) -> Vec<String> {
    let (Value::Object(written), Value::Object(known)) = (written, known) else { return Vec::new() };
    let look = |(name, value): (&String, &Value)| match known.get(name) {
        Some(known) => unknown(&join(path, name), value, known),
        None if value.is_null() => Vec::new(),
        None => vec![join(path, name)],
    };
    written.iter().flat_map(look).collect()
}

type Change = (String, String, String);

/// What differs, value by value.
fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (before, after) {
        let names: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
        return names.into_iter().for_each(|name| compare(&join(path, name), old.get(name), new.get(name), found));
    }
    let shown = |value: Option<&Value>| value.map_or_else(|| "(absent)".to_owned(), ToString::to_string);
    found.push((path.to_owned(), shown(before), shown(after)));
}

fn changes_json(changes: &[Change]) -> Value {
    let one = |(field, before, after): &Change| serde_json::json!({ "field": field, "before": before, "after": after });
    changes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_in_vain_is_named() {
        let known = json!({ "webauthn": { "timeout": 1, "relying_party": { "id": "a" } } });
        let written = json!({
            "webauthn": { "timeout": 1, "time_out": 2, "attachment": null, "relying_party": { "id": "a", "origin": [] } },
            "mfaa": {},
        });
        assert_eq!(unknown("", &written, &known), ["mfaa", "webauthn.relying_party.origin", "webauthn.time_out"]);
        assert!(unknown("", &known, &known).is_empty());
    }

    #[test]
    fn changes_are_named_value_by_value() {
        let before = json!({ "a": { "b": 1, "c": ["x"] }, "d": true });
        let after = json!({ "a": { "b": 2, "c": ["x", "y"] }, "d": true, "e": null });
        let line = |(path, old, new): &Change| format!("{path} {old} {new}");
        let lines: Vec<_> = changes(&before, &after).iter().map(line).collect();
        assert_eq!(lines, ["a.b 1 2", r#"a.c ["x"] ["x","y"]"#, "e (absent) null"]);
    }
}
