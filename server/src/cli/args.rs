//! Definition of the command line.
//!
//! Flags that are settings have no default here and read no environment variable. [`crate::config`] applies the
//! precedence of the sources and adds the source of an invalid value to its error.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use doorward_shared::{
    AdminTokenId, ApiKeyId, TenantId,
    admin::Role,
    command_line::{CompletionsArgs, Confirmation, ManArgs, PolicyArgs, name},
};

use super::expiry::Expiry;
use crate::{
    config::{DatabaseUrlText, Flags, parse},
    crypto::PlainSecret,
    domain::master_key_origin::MasterKeyOrigin,
};

mod help;
#[cfg(test)]
mod tests;

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
    /// Run the server with a demo tenant and a demo page, to try it out
    #[command(after_help = help::QUICKSTART)]
    Quickstart(QuickstartArgs),
    /// Register and log in against a running server, with a software authenticator
    #[command(after_help = help::PROBE)]
    Probe(ProbeArgs),
    /// Create an installation: database, master key and first admin token
    ///
    /// `serve` also creates one if the data folder is new. Use this command with a master.key that several nodes share
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
    /// Write a copy of the embedded database and its manifest, even while a server runs; or verify such a copy
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
    /// Check the settings, and print each with its source
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

/// Location of the installation.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Installation")]
pub struct InstallationArgs {
    /// Folder of the master key and the embedded database [default: ./data] [env: DOORWARD_DATA_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Path, or postgres:// URL [default: doorward.db in the data folder] [env: DOORWARD_DATABASE_URL]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<DatabaseUrlText>,
    /// Settings file, TOML [env: DOORWARD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Addresses of the server.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Addresses")]
pub struct ListenArgs {
    /// Address of the public API [default: 127.0.0.1:8000] [env: DOORWARD_PUBLIC_ADDR]
    #[arg(long, value_name = "ADDRESS")]
    pub public_addr: Option<String>,
    /// Address of the admin API; do not expose it to the internet [default: 127.0.0.1:8001] [env: DOORWARD_ADMIN_ADDR]
    #[arg(long, value_name = "ADDRESS")]
    pub admin_addr: Option<String>,
}

impl InstallationArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data_dir: self.data_dir.clone(),
            database_url: self.database_url.clone(),
            ..Flags::default()
        }
    }
}

/// `doorward serve`
#[derive(Debug, Clone, Default, Args)]
pub struct ServeArgs {
    /// Location of the installation.
    #[command(flatten)]
    pub installation: InstallationArgs,
    /// Addresses of the server.
    #[command(flatten)]
    pub listen: ListenArgs,
}

impl ServeArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            public_addr: self.listen.public_addr.clone(),
            admin_addr: self.listen.admin_addr.clone(),
            ..self.installation.flags()
        }
    }
}

/// `doorward quickstart`
#[derive(Debug, Clone, Args)]
pub struct QuickstartArgs {
    /// Folder of the master key and the database [default: ./data] [env: DOORWARD_DATA_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Address of the demo page; open it as localhost
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub demo_addr: SocketAddr,
    /// Print addresses, tenant and API key as one line of JSON when the servers are ready
    #[arg(long)]
    pub json: bool,
    /// Addresses of the server.
    #[command(flatten)]
    pub listen: ListenArgs,
}

impl QuickstartArgs {
    pub fn flags(&self) -> Flags {
        Flags {
            data_dir: self.data_dir.clone(),
            public_addr: self.listen.public_addr.clone(),
            admin_addr: self.listen.admin_addr.clone(),
            ..Flags::default()
        }
    }
}

/// `doorward probe`
#[derive(Debug, Clone, Args)]
pub struct ProbeArgs {
    /// Address of the public API
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    pub url: url::Url,
    /// Id of the tenant
    #[arg(long, value_name = "ID")]
    pub tenant: TenantId,
    /// One of the tenant's API keys
    #[arg(long, value_name = "KEY", env = "DOORWARD_API_KEY", hide_env_values = true, value_parser = secret)]
    pub api_key: PlainSecret,
    /// One of the tenant's web origins [default: https:// and the RP ID, or for localhost the page of quickstart]
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<url::Url>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Expected issuer of the tokens: the server's setting token.issuer
    #[arg(long, value_name = "NAME", env = "DOORWARD_TOKEN_ISSUER", default_value = "doorward")]
    pub issuer: String,
    /// Do not delete the user that the probe creates, with its credentials and transaction
    #[arg(long)]
    pub keep: bool,
}

/// `doorward migrate-storage`
#[derive(Debug, Clone, Args)]
pub struct MigrateStorageArgs {
    /// Current database: path, or postgres:// URL
    #[arg(long, value_name = "URL", env = "DOORWARD_MIGRATE_FROM", hide_env_values = true)]
    pub from: DatabaseUrlText,
    /// New database; must be empty, or contain the data of an interrupted run
    #[arg(long, value_name = "URL", env = "DOORWARD_MIGRATE_TO", hide_env_values = true)]
    pub to: DatabaseUrlText,
    /// Folder of the master key [default: ./data] [env: DOORWARD_DATA_DIR]
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Settings file, TOML [env: DOORWARD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON, also for each line of progress
    #[arg(long)]
    pub json: bool,
}

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
    /// Read and check everything, and write nothing; the exit code is 10 if there is a tenant to import
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

/// `doorward migrate`
#[derive(Debug, Clone, Default, Args)]
pub struct MigrateArgs {
    /// Report the pending migrations without applying them; the exit code is 10 if there are any
    #[arg(long)]
    pub dry_run: bool,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward backup`
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BackupArgs {
    /// Verifies a backup instead.
    #[command(subcommand)]
    pub command: Option<BackupCommand>,
    /// File to write; must not exist. The manifest gets the same name with .manifest.json at its end
    #[arg(long, value_name = "FILE", required = true)]
    pub to: Option<PathBuf>,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward backup …`
#[derive(Debug, Clone, Subcommand)]
pub enum BackupCommand {
    /// Compare a backup with its manifest: SHA-256, integrity, schema version and number of rows
    Verify(BackupVerifyArgs),
}

/// `doorward backup verify`
#[derive(Debug, Clone, Args)]
pub struct BackupVerifyArgs {
    /// File that `doorward backup` wrote; its manifest is beside it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `doorward restore`
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// File that `doorward backup` wrote
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// Arguments of all administrative commands.
#[derive(Debug, Clone, Default, Args)]
pub struct AdminArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Location of the installation. This field is last, because clap lists all following arguments under its heading.
    #[command(flatten)]
    pub installation: InstallationArgs,
}

/// `doorward mds …`
#[derive(Debug, Clone, Subcommand)]
pub enum MdsCommand {
    /// Import a metadata BLOB, and judge the attestations of existing credentials with it
    ///
    /// A running server uses the metadata from its next request on. The BLOB must be newer than the imported one
    #[command(after_help = help::MDS_IMPORT)]
    Import(MdsImportArgs),
    /// Show the number, age and next update of the imported metadata
    Status(AdminArgs),
}

/// `doorward mds import`
#[derive(Debug, Clone, Args)]
pub struct MdsImportArgs {
    /// File with the BLOB that mds3.fidoalliance.org publishes
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Root certificate (PEM or DER) of the BLOB's signer [default: GlobalSign Root CA R3 and R46]
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// Accept a BLOB whose next update is overdue
    #[arg(long)]
    pub allow_outdated: bool,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward tenant …`
#[derive(Debug, Clone, Subcommand)]
pub enum TenantCommand {
    /// Create a tenant
    #[command(after_help = help::TENANT_CREATE)]
    Create(Box<TenantCreateArgs>),
    /// List the tenants
    List(AdminArgs),
    /// Disable a tenant: only requests for its public documents succeed. Nothing is deleted
    Disable(TenantStateArgs),
    /// Enable a disabled tenant
    Enable(TenantStateArgs),
    /// Delete a tenant with its users, credentials and keys
    Delete(TenantDeleteArgs),
}

/// `doorward tenant create`
#[derive(Debug, Clone, Args)]
pub struct TenantCreateArgs {
    /// Display name, which browsers also show
    #[arg(long, value_parser = name)]
    pub name: String,
    /// RP ID: a domain
    #[arg(long, value_name = "DOMAIN")]
    pub rp_id: String,
    /// Origin of web pages or apps that run ceremonies; may be repeated
    #[arg(long = "origin", value_name = "ORIGIN", required = true)]
    pub origins: Vec<String>,
    /// Origin whose pages may call the public API, such as https://*.example.com; may be repeated [default: the origins]
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
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward tenant disable` and `doorward tenant enable`
#[derive(Debug, Clone, Args)]
pub struct TenantStateArgs {
    /// Id or name of the tenant
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// Arguments of all administrative commands.
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
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward api-key …`
#[derive(Debug, Clone, Subcommand)]
pub enum ApiKeyCommand {
    /// Create an API key, and print it once
    #[command(after_help = "Example:\n  doorward api-key create --tenant 0198c0de-… --name backend --expires 90d")]
    Create(ApiKeyCreateArgs),
    /// List a tenant's API keys, without their secrets
    List(ApiKeyListArgs),
    /// Disable an API key with immediate effect, until it is enabled
    Disable(ApiKeyStateArgs),
    /// Enable a disabled API key
    Enable(ApiKeyStateArgs),
    /// Revoke an API key with immediate effect
    Revoke(ApiKeyRevokeArgs),
}

/// `doorward api-key create`
#[derive(Debug, Clone, Args)]
pub struct ApiKeyCreateArgs {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Display name
    #[arg(long, value_parser = name)]
    pub name: String,
    /// Expiry: a duration like 90d or a time like 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<Expiry>,
    /// Print only the secret
    #[arg(long, short)]
    pub quiet: bool,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward api-key list`
#[derive(Debug, Clone, Args)]
pub struct ApiKeyListArgs {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward api-key disable` and `doorward api-key enable`
#[derive(Debug, Clone, Args)]
pub struct ApiKeyStateArgs {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Id of the key, as `list` prints it
    #[arg(value_name = "KEY")]
    pub key: ApiKeyId,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward api-key revoke`
#[derive(Debug, Clone, Args)]
pub struct ApiKeyRevokeArgs {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Id of the key, as `list` prints it
    #[arg(value_name = "KEY")]
    pub key: ApiKeyId,
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

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
    /// Display name; the actor in audit logs
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
    /// Arguments of all administrative commands.
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
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward signing-key …`
#[derive(Debug, Clone, Subcommand)]
pub enum SigningKeyCommand {
    /// Give each tenant a new signing key if the current one cannot be decrypted
    #[command(after_help = help::SIGNING_KEY_RESET)]
    Reset(SigningKeyResetArgs),
}

/// `doorward signing-key reset`
#[derive(Debug, Clone, Args)]
pub struct SigningKeyResetArgs {
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward master-key …`
#[derive(Debug, Clone, Subcommand)]
pub enum MasterKeyCommand {
    /// Encrypt everything with a new master key
    #[command(after_help = help::MASTER_KEY_ROTATE)]
    Rotate(MasterKeyRotateArgs),
}

/// `doorward master-key rotate`
#[derive(Debug, Clone, Args)]
pub struct MasterKeyRotateArgs {
    /// File with the new key [default: a new key replaces master.key in the data folder]
    #[arg(long, value_name = "FILE", group = "new")]
    pub new_file: Option<PathBuf>,
    /// File descriptor from which the new key is read
    #[arg(long, value_name = "NUMBER", group = "new", value_parser = descriptor)]
    pub new_descriptor: Option<u32>,
    /// Program that prints the new key, with its arguments
    #[arg(long, value_name = "COMMAND", group = "new", value_parser = command)]
    pub new_command: Option<Words>,
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments of all administrative commands.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl MasterKeyRotateArgs {
    /// Returns where the new key comes from; `None` if it has to be created.
    pub fn new_key(&self) -> Option<MasterKeyOrigin> {
        let file = self.new_file.clone().map(MasterKeyOrigin::File);
        let descriptor = self.new_descriptor.map(MasterKeyOrigin::Descriptor);
        let command = self.new_command.clone().map(|words| MasterKeyOrigin::Command(words.0));
        file.or(descriptor).or(command)
    }
}

/// `doorward check-config`
#[derive(Debug, Clone, Default, Args)]
pub struct CheckConfigArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Arguments of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// The APIs that have an OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApiName {
    /// API for applications
    Public,
    /// API for administrators
    Admin,
}

/// `doorward openapi`
#[derive(Debug, Clone, Copy, Args)]
pub struct OpenapiArgs {
    /// API to describe
    #[arg(value_enum, default_value_t = ApiName::Public)]
    pub api: ApiName,
}

/// `doorward version`
#[derive(Debug, Clone, Copy, Args)]
pub struct VersionArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "signature of a clap value parser")]
fn secret(text: &str) -> Result<PlainSecret, std::convert::Infallible> {
    Ok(PlainSecret::new(text.trim().to_owned()))
}

fn descriptor(text: &str) -> Result<u32, String> {
    parse::descriptor(text).flatten().ok_or_else(|| "must be a number other than 1 and 2".to_owned())
}

fn command(text: &str) -> Result<Words, String> {
    let words = parse::command(text).flatten();
    words.map(Words).ok_or_else(|| "must be a list of strings in JSON, or words separated by spaces".to_owned())
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| "must be admin, auditor or metrics".to_owned())
}
