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
    /// File, as `doorward export` writes it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Id or name of an existing tenant for the users of the file; the tenant in the file is ignored
    #[arg(long, value_name = "TENANT")]
    pub into: Option<String>,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward export`
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// File to write; must not exist
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward import hanko`
#[derive(Debug, Clone, Args)]
pub struct ImportHankoArgs {
    /// Database of the Hanko server: postgres:// URL
    #[arg(long, value_name = "URL", env = "DOORWARD_IMPORT_FROM", hide_env_values = true)]
    pub from: DatabaseUrlText,
    /// Read and check everything, and keep nothing; the exit code is 10 if a tenant can be imported or would change
    #[arg(long)]
    pub dry_run: bool,
    /// Id of a tenant to import; may be repeated [default: all]
    #[arg(long, value_name = "ID")]
    pub tenant: Vec<TenantId>,
    /// Also update tenants that Doorward already serves; none of their rows are deleted
    #[arg(long)]
    pub include_used: bool,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}
