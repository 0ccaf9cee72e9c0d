//! `doorward-admin tenants …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use doorward_shared::admin::TenantSort;

use super::{Confirmation, help, name};

/// `doorward-admin tenants …`
#[derive(Debug, Clone, Subcommand)]
pub enum TenantsCommand {
    /// List the tenants, with counts and last activity
    List(TenantsListArgs),
    /// Show a tenant: counts, activity, relying party
    Show(TenantArg),
    /// Create a tenant
    #[command(after_help = help::TENANTS_CREATE)]
    Create(TenantsCreateArgs),
    /// Give a tenant another name
    Rename(TenantsRenameArgs),
    /// Delete a tenant with its users, credentials, keys and audit log
    Delete(TenantsDeleteArgs),
    /// Print, check and replace a tenant's configuration
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
}

/// A tenant.
#[derive(Debug, Clone, Args)]
pub struct TenantArg {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
}

/// `doorward-admin tenants list`
#[derive(Debug, Clone, Args)]
pub struct TenantsListArgs {
    /// Part of a name or id
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// By name, created, activity or users
    #[arg(long, value_name = "BY", default_value_t = TenantSort::Name, value_parser = sort)]
    pub sort: TenantSort,
    /// The other way round
    #[arg(long)]
    pub reverse: bool,
    /// At most so many [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}

/// `doorward-admin tenants create`
#[derive(Debug, Clone, Args)]
pub struct TenantsCreateArgs {
    /// Name for people, also shown in the browser's dialogue
    #[arg(long, value_parser = name)]
    pub name: String,
    /// RP ID: a domain
    #[arg(long, value_name = "DOMAIN", required_unless_present = "from")]
    pub rp_id: Option<String>,
    /// Origin whose ceremonies are accepted; repeat it for more
    #[arg(long = "origin", value_name = "ORIGIN", required_unless_present = "from")]
    pub origins: Vec<String>,
    /// Origin whose pages may call the public API, with * and ? as wildcards; repeat it for more [default: the origins]
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,
    /// The whole configuration: a JSON file as `config get` prints it, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rp_id", "origins", "cors_origins"])]
    pub from: Option<PathBuf>,
    /// Also create an API key, and print it this once
    #[arg(long)]
    pub api_key: bool,
    /// Print the tenant's id and nothing else
    #[arg(long, short, conflicts_with = "api_key")]
    pub quiet: bool,
}

/// `doorward-admin tenants rename`
#[derive(Debug, Clone, Args)]
pub struct TenantsRenameArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// The new name
    #[arg(value_name = "NAME", value_parser = name)]
    pub name: String,
}

/// `doorward-admin tenants delete`
#[derive(Debug, Clone, Args)]
pub struct TenantsDeleteArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin tenants config …`
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print the configuration as JSON
    Get(TenantArg),
    /// Replace the configuration, after showing what changes
    #[command(after_help = help::CONFIG_SET)]
    Set(ConfigSetArgs),
    /// Change the configuration in your editor (VISUAL, EDITOR, else vi)
    #[command(after_help = help::CONFIG_EDIT)]
    Edit(ConfigEditArgs),
    /// Say everything that is wrong with a configuration
    Check(ConfigCheckArgs),
}

/// `doorward-admin tenants config set`
#[derive(Debug, Clone, Args)]
pub struct ConfigSetArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// JSON file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only show what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Whether to ask, when the RP ID changes.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin tenants config edit`
#[derive(Debug, Clone, Args)]
pub struct ConfigEditArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// Whether to ask, before the changes are saved.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin tenants config check`
#[derive(Debug, Clone, Args)]
pub struct ConfigCheckArgs {
    /// JSON file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

fn sort(text: &str) -> Result<TenantSort, String> {
    text.parse().map_err(|_| "must be name, created, activity or users".to_owned())
}
