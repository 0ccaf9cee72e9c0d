//! Definition of the command line.

use clap::{Args, Parser, Subcommand};

use crate::connection::Flags;

pub mod audit;
mod common;
mod help;
pub mod secrets;
pub mod tenants;
#[cfg(test)]
mod tests;
pub mod users;

pub use common::{Confirmation, TenantFlag};

use audit::AuditArgs;
use secrets::{KeysCommand, SigningKeysCommand, TokensCommand};
use tenants::TenantsCommand;
use users::{CredentialsCommand, TransactionsCommand, UsersCommand};

/// Administers Doorward from a terminal. Without a command, starts the interactive app.
#[derive(Debug, Clone, Parser)]
#[command(name = "doorward-admin", version, after_help = help::EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Connection flags. Must be the last field, because clap puts all flags after it under its heading.
    #[command(flatten)]
    pub connection: Flags,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List, create, rename, configure, disable and delete tenants
    #[command(subcommand, arg_required_else_help = true)]
    Tenants(TenantsCommand),
    /// List, create, disable and revoke the API keys of a tenant
    #[command(subcommand, arg_required_else_help = true)]
    Keys(KeysCommand),
    /// List, rotate and retire the keys that sign the tokens of a tenant
    #[command(subcommand, arg_required_else_help = true)]
    SigningKeys(SigningKeysCommand),
    /// List, show, disable and delete the users of a tenant
    #[command(subcommand, arg_required_else_help = true)]
    Users(UsersCommand),
    /// Disable or delete a credential of a user
    #[command(subcommand, arg_required_else_help = true)]
    Credentials(CredentialsCommand),
    /// List the transactions of a tenant
    #[command(subcommand, arg_required_else_help = true)]
    Transactions(TransactionsCommand),
    /// List, create and revoke admin tokens
    #[command(subcommand, arg_required_else_help = true)]
    Tokens(TokensCommand),
    /// Show, follow and export the audit log
    #[command(after_help = help::AUDIT)]
    Audit(Box<AuditArgs>),
    /// Show the installation: counts, activity, busiest tenants, latest refusals
    Overview(OverviewArgs),
    /// Show the server and the token in use, and check that they work
    Status,
    /// Show the name and role of the token
    Me,
    /// Print the metrics of the server in the Prometheus text format
    Metrics,
    /// Print the version
    Version,
}

#[derive(Debug, Clone, Copy, Args)]
pub struct OverviewArgs {
    /// Days of activity, including today
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
}
