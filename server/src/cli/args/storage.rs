//! The arguments of the commands for databases and backups.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::admin::AdminArgs;
use crate::config::DatabaseUrlText;

/// `doorward migrate-storage`
#[derive(Debug, Clone, Args)]
pub struct MigrateStorageArgs {
    /// Current database: path of a SQLite file, or postgres:// URL
    #[arg(long, value_name = "URL", env = "DOORWARD_MIGRATE_FROM", hide_env_values = true)]
    pub from: DatabaseUrlText,
    /// New database: path of a SQLite file, or postgres:// URL. It must be empty, or contain the data of an interrupted
    /// migration
    #[arg(long, value_name = "URL", env = "DOORWARD_MIGRATE_TO", hide_env_values = true)]
    pub to: DatabaseUrlText,
    /// Folder of the master key [default: ./data] [env: DOORWARD_DATA_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Settings file in TOML format [env: DOORWARD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the result as JSON, and each progress message on standard error as a line of JSON
    #[arg(long)]
    pub json: bool,
}

/// `doorward migrate`
#[derive(Debug, Clone, Default, Args)]
pub struct MigrateArgs {
    /// Report the pending migrations without applying them; the exit code is 10 if there are any
    #[arg(long)]
    pub dry_run: bool,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward backup`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BackupArgs {
    /// Subcommand that verifies a backup; `None` to write a backup.
    #[command(subcommand)]
    pub command: Option<BackupCommand>,
    /// File to write; it must not exist yet. The name of the manifest is this name, followed by .manifest.json
    #[arg(long, value_name = "FILE", required = true)]
    pub to: Option<PathBuf>,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward backup …`
#[derive(Debug, Clone, Subcommand)]
pub enum BackupCommand {
    /// Check the integrity of a backup, and compare its SHA-256, its schema version and the number of rows of each
    /// table with its manifest
    Verify(BackupVerifyArgs),
}

/// `doorward backup verify`
#[derive(Debug, Clone, Args)]
pub struct BackupVerifyArgs {
    /// File that `doorward backup` wrote; its manifest must be in the same folder
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `doorward restore`
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// File that `doorward backup` wrote
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}
