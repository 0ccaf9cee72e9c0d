//! `doorward backup` and `doorward restore`: copies of the embedded database.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    CliError,
    args::{AdminArgs, BackupArgs, BackupCommand, BackupVerifyArgs, RestoreArgs},
    output, start,
};
use crate::{
    backup::{self, Manifest},
    clock::{Clock as _, SystemClock},
    config::Settings,
    db::{self, Connection, DatabaseUrl, DbError},
    installation,
    store::installation as values,
};

const MIB: u64 = 1024 * 1024;

impl From<DbError> for CliError {
    fn from(error: DbError) -> Self {
        match error {
            // The reason already contains the name of the file.
            DbError::Unavailable(reason) => Self::new(reason),
            other => Self::new(other.to_string()),
        }
    }
}

pub(super) async fn back_up(args: BackupArgs) -> Result<(), CliError> {
    match (args.command, args.to) {
        (Some(BackupCommand::Verify(verified)), _) => verify(&verified),
        (None, Some(to)) => create(&args.admin, to).await,
        (None, None) => Err(CliError::usage("--to is missing")),
    }
}

async fn create(args: &AdminArgs, to: PathBuf) -> Result<(), CliError> {
    let (_, database) = embedded(args, "back up", "pg_dump")?;
    let manifest = backup::create(database.clone(), to.clone(), SystemClock.now()).await?;
    let file = backup::path_of(&to);
    if args.json {
        let result = json!({ "from": database, "to": to, "bytes": manifest.bytes, "manifest": file });
        return output::change_json(true, &result);
    }
    output::line(&format!("wrote {} ({} MiB)", to.display(), manifest.bytes.div_ceil(MIB)))?;
    output::line(&format!("wrote {}", file.display()))?;
    output::line("Keep a copy of master.key in another place: the backup is of no use without it.")
}

fn verify(args: &BackupVerifyArgs) -> Result<(), CliError> {
    let manifest = backup::verify(&args.file)?;
    if args.json {
        return output::json(&manifest);
    }
    let Manifest { created_at, schema, counts, .. } = &manifest;
    output::line(&format!("{} is complete: {created_at}, schema {schema}", args.file.display()))?;
    let rows: Vec<_> = counts.iter().map(|(table, count)| vec![table.clone(), count.to_string()]).collect();
    output::table(&["TABLE", "ROWS"], &rows)
}

/// Verifies a backup if it has a manifest. Returns whether it has one.
fn verify_if_described(backup: &Path) -> Result<bool, CliError> {
    let manifest = Manifest::read(backup)?;
    Ok(manifest.is_some() && backup::verify(backup).map(|_| true)?)
}

pub(super) async fn restore(args: RestoreArgs) -> Result<(), CliError> {
    let (settings, database) = embedded(&args.admin, "restore", "pg_restore")?;
    let location = start::location(&settings);
    let key_file = location.master_key.in_data_folder().map(Path::to_path_buf);
    let has_key = key_file.as_ref().is_none_or(|file| file.exists());
    let is_verified = verify_if_described(&args.from)?;
    let accept = move |backup: &mut Connection| {
        let sealed = values::get(backup, values::SEALED_WORD)
            .ok()
            .flatten()
            .ok_or_else(|| CliError::new("the file is not a backup of Doorward"))?;
        if !has_key {
            return Ok(());
        }
        installation::check_master_key(&location, &sealed).map_err(|error| CliError::new(error.to_string()))
    };
    let bytes = db::restore_sqlite(args.from.clone(), database.clone(), accept).await?;
    if args.admin.json {
        return output::change_json(
            true,
            &json!({
                "from": args.from, "to": database, "bytes": bytes, "master_key": has_key, "verified": is_verified,
            }),
        );
    }
    output::line(&format!("restored {} ({} MiB)", database.display(), bytes.div_ceil(MIB)))?;
    if !is_verified {
        output::line("The backup has no manifest, so only the integrity of the file was checked.")?;
    }
    match key_file.filter(|_| !has_key) {
        None => {
            output::line("Start the server. Keys and credentials that were revoked after the backup are valid again.")
        }
        Some(file) => output::line(&format!(
            "Copy the master key of the backup to {} before you start the server.",
            file.display()
        )),
    }
}

/// Returns the settings and the path of the embedded database. If the installation is on PostgreSQL, returns an error
/// that names the tool to use instead.
fn embedded(args: &AdminArgs, action: &str, tool: &str) -> Result<(Settings, PathBuf), CliError> {
    let settings = start::settings(&args.installation.flags())?;
    match start::database_options(&settings)?.url {
        DatabaseUrl::Sqlite(path) => Ok((settings, path)),
        DatabaseUrl::Postgres(_) => {
            Err(CliError::usage(format!("this installation is on PostgreSQL: use {tool} to {action} its database")))
        }
    }
}
