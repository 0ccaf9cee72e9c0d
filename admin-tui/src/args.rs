//! Definition of the command line.

use clap::{Args, Parser, Subcommand};
use doorward_shared::command_line::{CompletionsArgs, ManArgs};

use crate::connection::Flags;

mod apply;
pub mod audit;
mod common;
pub mod explain;
mod help;
pub mod secrets;
pub mod tenants;
#[cfg(test)]
mod tests;
pub mod trust;
pub mod users;

pub use apply::ApplyArgs;
pub use common::TenantFlag;

use audit::AuditArgs;
use explain::ExplainArgs;
use secrets::{AdminTokenCommand, ApiKeyCommand, SigningKeyCommand};
use tenants::{TenantArg, TenantCommand};
use trust::TrustCommand;
use users::{CredentialCommand, TransactionCommand, UserCommand};

/// Administers Doorward from a terminal. Without a command, starts the interactive app.
#[derive(Debug, Clone, Parser)]
#[command(name = "doorward-admin", version, after_help = help::EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Print JSON, also for errors and messages
    #[arg(long, global = true)]
    pub json: bool,
    /// Connection flags. Must be the last field, because clap puts all flags after it under its heading.
    #[command(flatten)]
    pub connection: Flags,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List, create, rename, configure, disable and delete tenants
    #[command(subcommand, arg_required_else_help = true, alias = "tenants")]
    Tenant(TenantCommand),
    /// List, create, disable and revoke the API keys of a tenant
    #[command(subcommand, arg_required_else_help = true, aliases = ["api-keys", "keys"])]
    ApiKey(ApiKeyCommand),
    /// List, rotate and retire the keys that sign the tokens of a tenant
    #[command(subcommand, arg_required_else_help = true, alias = "signing-keys")]
    SigningKey(SigningKeyCommand),
    /// List, show, disable and delete the users of a tenant
    #[command(subcommand, arg_required_else_help = true, alias = "users")]
    User(UserCommand),
    /// Disable or delete a credential of a user
    #[command(subcommand, arg_required_else_help = true, alias = "credentials")]
    Credential(CredentialCommand),
    /// List the transactions of a tenant
    #[command(subcommand, arg_required_else_help = true, alias = "transactions")]
    Transaction(TransactionCommand),
    /// Preview trust policies, and show the algorithms in use
    #[command(subcommand, arg_required_else_help = true)]
    Trust(TrustCommand),
    /// List, create and revoke admin tokens
    #[command(subcommand, arg_required_else_help = true, aliases = ["admin-tokens", "tokens"])]
    AdminToken(AdminTokenCommand),
    /// Show, follow and export the audit log
    #[command(after_help = help::AUDIT)]
    Audit(Box<AuditArgs>),
    /// Explain why a request was refused: failed check, expected and received values, causes, fix
    #[command(after_help = help::EXPLAIN)]
    Explain(ExplainArgs),
    /// Check a tenant's configuration, keys and recent refusals, and print commands that fix what is wrong
    #[command(after_help = help::DOCTOR)]
    Doctor(TenantArg),
    /// Change tenants so that they match a file
    #[command(after_help = help::APPLY)]
    Apply(ApplyArgs),
    /// Print the names and configurations of all tenants, in the format of `apply`
    #[command(after_help = help::EXPORT)]
    Export,
    /// Show the installation: counts, activity, busiest tenants, latest refusals
    Overview(OverviewArgs),
    /// Show the server and the token in use, and check that they work
    Status,
    /// Show the name and role of the token
    Me,
    /// Print the metrics of the server in the Prometheus text format
    Metrics,
    /// Print the completion script of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the man page, or write the pages of all commands to a folder
    #[command(after_help = help::MAN)]
    Man(ManArgs),
    /// Print the version
    Version,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct OverviewArgs {
    /// Days of activity, including today
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
}
