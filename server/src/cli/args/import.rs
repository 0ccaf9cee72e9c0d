//! The arguments of `doorward import` and `doorward export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use doorward_shared::TenantId;

use super::{admin::AdminArgs, help};
use crate::config::DatabaseUrlText;

/// `doorward import`
#[derive(Debug, Clone, Subcommand)]
pub enum ImportCommand {
    /// Import the tenants of a Hanko passkey server from its PostgreSQL database
    #[command(after_help = help::IMPORT_HANKO)]
    Hanko(ImportHankoArgs),
    /// Import a tenant, or users of an existing tenant, from a file with JSON lines
    #[command(after_help = help::IMPORT_TENANT)]
    Tenant(ImportTenantArgs),
}

/// `doorward import tenant`
#[derive(Debug, Clone, Args)]
pub struct ImportTenantArgs {
    /// File with JSON lines, in the format that `doorward export` writes
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Id or name of an existing tenant to which the users of the file are added; the tenant in the file is ignored
    #[arg(long, value_name = "TENANT")]
    pub into: Option<String>,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward export`
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// File to write; it must not exist yet
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward import hanko`
#[derive(Debug, Clone, Args)]
pub struct ImportHankoArgs {
    /// postgres:// URL of the Hanko server's database
    #[arg(long, value_name = "URL", env = "DOORWARD_IMPORT_FROM", hide_env_values = true)]
    pub from: DatabaseUrlText,
    /// Read and check all data without importing it; the exit code is 10 if an import would create or change a tenant
    #[arg(long)]
    pub dry_run: bool,
    /// Id of a tenant to import; may be repeated [default: all]
    #[arg(long, value_name = "ID")]
    pub tenant: Vec<TenantId>,
    /// Also update tenants that Doorward already serves; users, credentials and keys that the Hanko server has deleted
    /// are kept for these tenants
    #[arg(long)]
    pub include_used: bool,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}
