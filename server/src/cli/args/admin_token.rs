//! The arguments of `doorward admin-token`.

use clap::{Args, Subcommand};
use doorward_shared::{
    AdminTokenId,
    admin::Role,
    command_line::{Confirmation, name, role},
};

use super::admin::AdminArgs;
use crate::cli::expiry::Expiry;

/// `doorward admin-token …`
#[derive(Debug, Clone, Subcommand)]
pub enum AdminTokenCommand {
    /// Create an admin token, and print it once
    #[command(after_help = "Example:\n  doorward admin-token create --name alice --role auditor --expires 30d")]
    Create(AdminTokenCreateArgs),
    /// List the admin tokens, without their secrets
    List(AdminArgs),
    /// Revoke an admin token with immediate effect
    Revoke(AdminTokenRevokeArgs),
}

/// `doorward admin-token create`
#[derive(Debug, Clone, Args)]
pub struct AdminTokenCreateArgs {
    /// Display name, which audit logs show as the actor
    #[arg(long, value_parser = name)]
    pub name: String,
    /// Role: admin (everything), auditor (read only) or metrics (only /metrics)
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// Limit the token to this tenant (id or name); may be repeated [default: all tenants]
    #[arg(long = "tenant", short, value_name = "TENANT")]
    pub tenants: Vec<String>,
    /// Expiry: a duration like 90d or a time like 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<Expiry>,
    /// Print only the secret
    #[arg(long, short)]
    pub quiet: bool,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward admin-token revoke`
#[derive(Debug, Clone, Args)]
pub struct AdminTokenRevokeArgs {
    /// Id of the token, as `list` prints it
    #[arg(value_name = "TOKEN")]
    pub token: AdminTokenId,
    /// Revoke it even if it is the last token with the role admin
    #[arg(long)]
    pub force: bool,
    /// The flag `--yes`.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}
