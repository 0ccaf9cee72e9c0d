//! What can be written on the command line. Nothing is carried out here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::connection::Flags;

pub mod audit;
mod help;
pub mod secrets;
pub mod tenants;
#[cfg(test)]
mod tests;
pub mod users;

use audit::AuditArgs;
use secrets::{KeysCommand, SigningKeysCommand, TokensCommand};
use tenants::TenantsCommand;
use users::{CredentialsCommand, TransactionsCommand, UsersCommand};

/// Doorward's administration from a terminal. Without a command, the interactive app.
#[derive(Debug, Clone, Parser)]
#[command(name = "doorward-admin", version, after_help = help::EXAMPLES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do; the interactive app when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Which server. Last, since clap puts what follows under its heading.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Which server, and who asks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// Address of the admin API [default: http://127.0.0.1:8001] [env: DOORWARD_ADMIN_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub url: Option<String>,
    /// File with the admin token [default: admin.token in DOORWARD_DATA_DIR or ./data] [env: DOORWARD_ADMIN_TOKEN, or
    /// DOORWARD_ADMIN_TOKEN_FILE]
    #[arg(long, value_name = "FILE", global = true)]
    pub token_file: Option<PathBuf>,
    /// Certificates (PEM) that may vouch for the server, in place of the system's [env: DOORWARD_ADMIN_CA_FILE]
    #[arg(long, value_name = "FILE", global = true)]
    pub ca_file: Option<PathBuf>,
    /// Server by its name in the file of profiles [env: DOORWARD_ADMIN_PROFILE]
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
    /// File of profiles [default: ~/.config/doorward/admin.toml] [env: DOORWARD_ADMIN_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Send the token in clear to another machine: only on a network that is yours alone
    #[arg(long, global = true)]
    pub allow_plain_http: bool,
}

impl ConnectionArgs {
    /// As the search for a server takes them.
    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags {
            url: self.url.clone(),
            token_file: self.token_file.clone(),
            ca_file: self.ca_file.clone(),
            profile: self.profile.clone(),
            config: self.config.clone(),
            allow_plain_http: self.allow_plain_http,
        }
    }
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List, create, rename, configure and delete tenants
    #[command(subcommand, arg_required_else_help = true)]
    Tenants(TenantsCommand),
    /// List, create and revoke a tenant's API keys
    #[command(subcommand, arg_required_else_help = true)]
    Keys(KeysCommand),
    /// List, rotate and retire the keys that sign a tenant's tokens
    #[command(subcommand, arg_required_else_help = true)]
    SigningKeys(SigningKeysCommand),
    /// List, show and delete a tenant's users
    #[command(subcommand, arg_required_else_help = true)]
    Users(UsersCommand),
    /// Delete a user's credential
    #[command(subcommand, arg_required_else_help = true)]
    Credentials(CredentialsCommand),
    /// List a tenant's transactions
    #[command(subcommand, arg_required_else_help = true)]
    Transactions(TransactionsCommand),
    /// List, create and revoke admin tokens
    #[command(subcommand, arg_required_else_help = true)]
    Tokens(TokensCommand),
    /// Show, follow and export the audit log
    #[command(after_help = help::AUDIT)]
    Audit(AuditArgs),
    /// The installation at a glance: counts, activity, busiest tenants, latest refusals
    Overview(OverviewArgs),
    /// Which server and which token, and whether they work
    Status,
    /// Who the token is
    Me,
    /// Print the server's figures, in the text format of Prometheus
    Metrics,
    /// Print the version
    Version,
}

/// `doorward-admin overview`
#[derive(Debug, Clone, Copy, Args)]
pub struct OverviewArgs {
    /// Days of activity, today included
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
}

/// Which tenant a command is about.
#[derive(Debug, Clone, Args)]
pub struct OfTenant {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
}

/// Whether to ask before something that cannot be undone.
#[derive(Debug, Clone, Copy, Args)]
pub struct Confirmation {
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if (1..=128).contains(&name.chars().count()) { Ok(name.to_owned()) } else { Err("must have 1 to 128 characters") }
}
