//! The arguments of `doorward tenant`.

use clap::{Args, Subcommand};
use doorward_shared::command_line::{Confirmation, PolicyArgs, name};

use super::{admin::AdminArgs, help};

/// `doorward tenant …`
#[derive(Debug, Clone, Subcommand)]
pub enum TenantCommand {
    /// Create a tenant
    #[command(after_help = help::TENANT_CREATE)]
    Create(Box<TenantCreateArgs>),
    /// List the tenants
    List(AdminArgs),
    /// Disable a tenant: the public API refuses all requests to it, except those for its public keys and related
    /// origins. Nothing is deleted
    Disable(TenantStateArgs),
    /// Enable a disabled tenant
    Enable(TenantStateArgs),
    /// Delete a tenant with its users, credentials and keys
    Delete(TenantDeleteArgs),
}

/// `doorward tenant create`
#[derive(Debug, Clone, Args)]
pub struct TenantCreateArgs {
    /// Display name in lists; browsers may also show it when a user registers a credential
    #[arg(long, value_parser = name)]
    pub name: String,
    /// RP ID: the domain to which passkeys are bound, such as example.com
    #[arg(long, value_name = "DOMAIN")]
    pub rp_id: String,
    /// Origin of web pages or apps that run ceremonies; may be repeated
    #[arg(long = "origin", value_name = "ORIGIN", required = true)]
    pub origins: Vec<String>,
    /// Origin whose pages may call the public API, such as https://*.example.com; may be repeated [default: the values
    /// of --origin]
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,
    /// Also create an API key, and print it
    #[arg(long)]
    pub api_key: bool,
    /// Print only the id of the tenant
    #[arg(long, short, conflicts_with = "api_key")]
    pub quiet: bool,
    /// Requirements of ceremonies.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward tenant disable` and `doorward tenant enable`
#[derive(Debug, Clone, Args)]
pub struct TenantStateArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward tenant delete`
#[derive(Debug, Clone, Args)]
pub struct TenantDeleteArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// Also delete the audit log, which is otherwise kept for the retention time
    #[arg(long)]
    pub erase_audit: bool,
    /// The flag `--yes`.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}
