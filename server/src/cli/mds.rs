//! `doorward mds`: metadata of authenticator models, from the FIDO Metadata Service.

use std::{fs::File, io::Read as _, path::Path};

use doorward_shared::{admin::MetadataStatus, counted};
use serde_json::json;

use super::{
    CliError,
    admin_call::{failed, open},
    args::{AdminArgs, MdsImportArgs},
    output,
};
use crate::{
    db::DbError,
    service::{
        ServiceError,
        admin::metadata::{self, ImportError},
        attestations,
    },
    webauthn::metadata_blob::{MAX_BYTES, Roots},
};

pub(super) async fn import(args: MdsImportArgs) -> Result<(), CliError> {
    let blob = read(&args.file)?;
    let roots = match &args.root {
        Some(path) => Roots::from_file(&read(path)?)
            .map_err(|error| CliError::usage(format!("--root {}: {error}", path.display())))?,
        None => Roots::default(),
    };
    let call = open(&args.admin).await?;
    let imported = metadata::import(&call, &blob, &roots, args.allow_outdated).await.map_err(|error| match error {
        ImportError::Service(error) => failed(error),
        other => CliError::new(format!("{}: {other}", args.file.display())),
    })?;
    // Attestations are judged even if nothing was imported: an earlier import may have been interrupted before it
    // judged them.
    let judged = attestations::judge_again(&call.app).await.map_err(database)?;
    let status = metadata::status(&call).await.map_err(failed)?;
    let (number, entries) = (status.number.unwrap_or_default(), status.entries);
    if args.admin.json {
        let result = json!({
            "number": number, "next_update": status.next_update, "entries": entries,
            "attestations_judged": judged.judged, "credentials_changed": judged.changed,
        });
        return output::change_json(imported.is_some(), &result);
    }
    let text = match imported {
        Some(_) => format!("imported metadata {number} with {}", counted(entries, "model")),
        None => format!("metadata {number} is already imported"),
    };
    let (judged, changed) = (counted(judged.judged, "attestation"), counted(judged.changed, "credential"));
    output::line(&format!("{text}; judged {judged} again, which changed the trust in {changed}"))
}

pub(super) async fn status(args: AdminArgs) -> Result<(), CliError> {
    let status = metadata::status(&open(&args).await?).await.map_err(failed)?;
    let is_outdated = status.outdated;
    show(status, args.json)?;
    if is_outdated {
        return Err(CliError::new(
            "the metadata is overdue: download the current BLOB and import it with doorward mds import",
        ));
    }
    Ok(())
}

fn show(status: MetadataStatus, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return output::json(&status);
    }
    let MetadataStatus { number: Some(number), next_update, outdated, imported_at, age_days, entries } = status else {
        return output::line("no metadata is imported; see doorward mds import --help");
    };
    let late = if outdated { "   (overdue: import the current BLOB)" } else { "" };
    let age = format!("{} ago", counted(age_days.unwrap_or_default(), "day"));
    output::line(&format!(
        "number       {number}\nnext update  {}{late}\nimported     {} ({age})\nmodels       {entries}",
        next_update.as_deref().unwrap_or("-"),
        output::time(imported_at),
    ))
}

/// Reads a file of at most [`MAX_BYTES`].
fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |error: std::io::Error| CliError::usage(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    File::open(path).map_err(failed)?.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn database(error: DbError) -> CliError {
    failed(ServiceError::from(error))
}
