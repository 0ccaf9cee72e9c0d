//! `doorward backup` and `doorward restore`: copies of the embedded database.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;

use super::{
    CliError,
    args::{AdminArgs, BackupArgs, RestoreArgs},
    output, start,
};
use crate::{
    config::Settings,
    db::{self, Connection, DatabaseUrl, DbError},
    installation,
    store::installation as values,
};

/// Maximum time to wait for another process that changes the files.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MIB: u64 = 1024 * 1024;

impl From<DbError> for CliError {
    fn from(error: DbError) -> Self {
        match error {
            // The reason names the file.
            DbError::Unavailable(reason) => Self::new(reason),
            other => Self::new(other.to_string()),
        }
    }
}

pub(super) async fn back_up(args: BackupArgs) -> Result<(), CliError> {
    let (_, database) = embedded(&args.admin, "back up", "pg_dump")?;
    let bytes = db::back_up_sqlite(database.clone(), args.to.clone(), BUSY_TIMEOUT).await?;
    if args.admin.json {
        return output::change_json(true, &json!({ "from": database, "to": args.to, "bytes": bytes }));
    }
    output::line(&format!("wrote {} ({} MiB)", args.to.display(), bytes.div_ceil(MIB)))?;
    output::line("Keep a copy of master.key in another place: the backup is of no use without it.")
}

pub(super) async fn restore(args: RestoreArgs) -> Result<(), CliError> {
    let (settings, database) = embedded(&args.admin, "restore", "pg_restore")?;
    let location = start::location(&settings);
    let key_file = location.master_key.in_data_folder().map(Path::to_path_buf);
    let has_key = key_file.as_ref().is_none_or(|file| file.exists());
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
            &json!({ "from": args.from, "to": database, "bytes": bytes, "master_key": has_key }),
        );
    }
    output::line(&format!("restored {} ({} MiB)", database.display(), bytes.div_ceil(MIB)))?;
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

/// Returns the path of the embedded database, or an error that names the tool for PostgreSQL.
fn embedded(args: &AdminArgs, action: &str, tool: &str) -> Result<(Settings, PathBuf), CliError> {
    let settings = start::settings(&args.installation.flags())?;
    match start::database_options(&settings)?.url {
        DatabaseUrl::Sqlite(path) => Ok((settings, path)),
        DatabaseUrl::Postgres(_) => {
            Err(CliError::usage(format!("this installation is on PostgreSQL: use {tool} to {action} its database")))
        }
    }
}
