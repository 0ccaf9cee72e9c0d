//! `doorward-admin tenant …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use doorward_shared::{
    admin::TenantSort,
    command_line::{Confirmation, PolicyArgs, name},
};

use super::help;

#[derive(Debug, Clone, Subcommand)]
pub enum TenantCommand {
    /// List the tenants with counts and last activity
    List(TenantListArgs),
    /// Show a tenant: counts, activity, relying party
    Show(TenantArg),
    /// Create a tenant
    #[command(after_help = help::TENANT_CREATE)]
    Create(Box<TenantCreateArgs>),
    /// Rename a tenant
    Rename(TenantRenameArgs),
    /// Disable a tenant: all its requests are refused until it is enabled; nothing is deleted
    Disable(TenantArg),
    /// Enable a disabled tenant
    Enable(TenantArg),
    /// Delete a tenant with its users, credentials and keys
    Delete(TenantDeleteArgs),
    /// Print, validate and change the configuration of a tenant
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
}

#[derive(Debug, Clone, Args)]
pub struct TenantArg {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
}

#[derive(Debug, Clone, Args)]
pub struct TenantListArgs {
    /// Substring of the name, RP ID or id
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Sort by name, rp_id, created, activity, users, api_keys, succeeded or refused; with succeeded or refused, only
    /// the 1 000 tenants with the latest activity are listed
    #[arg(long, value_name = "BY", default_value_t = TenantSort::Name, value_parser = sort)]
    pub sort: TenantSort,
    /// Reverse the order
    #[arg(long)]
    pub reverse: bool,
    /// Maximum number of rows [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, Args)]
pub struct TenantCreateArgs {
    /// Display name; browsers show it in their dialogs
    #[arg(long, value_parser = name)]
    pub name: String,
    /// RP ID, which is a domain
    #[arg(long, value_name = "DOMAIN", required_unless_present = "from")]
    pub rp_id: Option<String>,
    /// Allowed origin of ceremonies; can be repeated
    #[arg(long = "origin", value_name = "ORIGIN", required_unless_present = "from")]
    pub origins: Vec<String>,
    /// Allowed CORS origin of the public API, such as `https://app.example.com` or `https://*.example.com`; can be
    /// repeated [default: the values of --origin and --related-origin, except the origins of Android apps]
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,
    /// JSON file with the complete configuration, as printed by `config get`; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rp_id", "origins", "cors_origins", "PolicyArgs"])]
    pub from: Option<PathBuf>,
    /// Also create an API key and print its secret, which is not shown again
    #[arg(long)]
    pub api_key: bool,
    /// Print only the id of the tenant
    #[arg(long, short, conflicts_with = "api_key")]
    pub quiet: bool,
    /// Requirements of ceremonies. This field is last, because clap lists all following arguments under its heading.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

#[derive(Debug, Clone, Args)]
pub struct TenantRenameArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// New name
    #[arg(value_name = "NAME", value_parser = name)]
    pub name: String,
}

#[derive(Debug, Clone, Args)]
pub struct TenantDeleteArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// Also delete the audit log, which is otherwise kept for the retention time
    #[arg(long)]
    pub erase_audit: bool,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print the configuration as JSON
    Get(TenantArg),
    /// Replace the configuration, and print the changes
    #[command(after_help = help::CONFIG_SET)]
    Set(ConfigSetArgs),
    /// Edit the configuration in the editor that VISUAL or EDITOR names, else in vi
    #[command(after_help = help::CONFIG_EDIT)]
    Edit(ConfigEditArgs),
    /// Validate a configuration and print all problems
    Check(ConfigCheckArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ConfigSetArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// JSON file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print the changes without saving them; the exit code is 10 if there are any
    #[arg(long)]
    pub dry_run: bool,
    /// The confirmation. Needed if the RP ID changes, or if users lose credentials under new trust policies.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Debug, Clone, Args)]
pub struct ConfigEditArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// The confirmation. Needed before the changes are saved.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Debug, Clone, Args)]
pub struct ConfigCheckArgs {
    /// JSON file, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

fn sort(text: &str) -> Result<TenantSort, String> {
    text.parse().map_err(|_| "must be name, rp_id, created, activity, users, api_keys, succeeded or refused".to_owned())
}
