//! Definition of the command line. Each file contains the arguments of one group of commands.
//!
//! Flags of settings have no default here and read no environment variable. [`crate::config`] applies the precedence of
//! the sources, and names the source of an invalid value in the error.

mod admin;
mod admin_token;
mod api_key;
mod documents;
mod help;
mod import;
mod keys;
mod mds;
mod probe;
mod serve;
mod storage;
mod tenant;
#[cfg(test)]
mod tests;

use clap::{Parser, Subcommand};
use doorward_shared::command_line::{CompletionsArgs, ManArgs};

pub use admin::{AdminArgs, InstallationArgs};
pub use admin_token::{AdminTokenCommand, AdminTokenCreateArgs, AdminTokenRevokeArgs};
pub use api_key::{ApiKeyCommand, ApiKeyCreateArgs, ApiKeyListArgs, ApiKeyRevokeArgs, ApiKeyStateArgs};
pub use documents::{ApiName, OpenapiArgs, VersionArgs};
pub use import::{ExportArgs, ImportCommand, ImportHankoArgs, ImportTenantArgs};
pub use keys::{MasterKeyCommand, MasterKeyRotateArgs, SigningKeyCommand, SigningKeyResetArgs, Words};
pub use mds::{MdsCommand, MdsImportArgs};
pub use probe::ProbeArgs;
pub use serve::{CheckConfigArgs, ListenArgs, QuickstartArgs, ServeArgs};
pub use storage::{BackupArgs, BackupCommand, BackupVerifyArgs, MigrateArgs, MigrateStorageArgs, RestoreArgs};
pub use tenant::{TenantCommand, TenantCreateArgs, TenantDeleteArgs, TenantStateArgs};

/// Passkeys, second factors and transaction confirmation for applications that already have users.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, arg_required_else_help = true, after_help = help::EXAMPLES)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    #[command(after_help = help::SERVE)]
    Serve(ServeArgs),
    /// Try Doorward: run the server with a demo tenant and a demo page
    #[command(after_help = help::QUICKSTART)]
    Quickstart(QuickstartArgs),
    /// Register and log in against a running server, with a software authenticator
    #[command(after_help = help::PROBE)]
    Probe(ProbeArgs),
    /// Create an installation: database, master key and first admin token
    ///
    /// `serve` also creates an installation if the data folder is new. Use this command if the data folder already
    /// contains a master.key, for example one that several nodes share
    Init(AdminArgs),
    /// Migrate the database schema, and exit
    ///
    /// `serve` also migrates when it starts; use this command to migrate beforehand
    Migrate(MigrateArgs),
    /// Move the installation to another database: from SQLite to PostgreSQL, or back
    #[command(after_help = help::MIGRATE_STORAGE)]
    MigrateStorage(MigrateStorageArgs),
    /// Write a tenant with users, credentials and transactions to a file with JSON lines
    #[command(after_help = help::EXPORT)]
    Export(ExportArgs),
    /// Import tenants from another system
    #[command(subcommand, arg_required_else_help = true)]
    Import(ImportCommand),
    /// Write a backup of the embedded database with a manifest, even while a server runs; or verify a backup
    #[command(after_help = help::BACKUP)]
    Backup(BackupArgs),
    /// Restore a backup as the embedded database, which must not exist yet
    #[command(after_help = help::RESTORE)]
    Restore(RestoreArgs),
    /// Create, list and delete tenants
    #[command(subcommand, arg_required_else_help = true, alias = "tenants")]
    Tenant(TenantCommand),
    /// Create, list and revoke a tenant's API keys
    #[command(subcommand, arg_required_else_help = true, aliases = ["api-keys", "keys"])]
    ApiKey(ApiKeyCommand),
    /// Create, list and revoke tokens for the admin API
    #[command(subcommand, arg_required_else_help = true, aliases = ["admin-tokens", "tokens"])]
    AdminToken(AdminTokenCommand),
    /// Replace the signing keys of all tenants after the master key was lost
    #[command(subcommand, arg_required_else_help = true, alias = "signing-keys")]
    SigningKey(SigningKeyCommand),
    /// Replace the master key
    #[command(subcommand, arg_required_else_help = true)]
    MasterKey(MasterKeyCommand),
    /// Import metadata of authenticator models from the FIDO Metadata Service
    #[command(subcommand, arg_required_else_help = true)]
    Mds(MdsCommand),
    /// Check the settings, and print each setting with its value and source
    CheckConfig(CheckConfigArgs),
    /// Print an OpenAPI document
    Openapi(OpenapiArgs),
    /// Print the completion script of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print the man page, or write the pages of all commands to a folder
    #[command(after_help = help::MAN)]
    Man(ManArgs),
    /// Print the version
    Version(VersionArgs),
}
