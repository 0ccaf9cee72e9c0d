//! The arguments of `doorward api-key`.

use clap::{Args, Subcommand};
use doorward_shared::{
    ApiKeyId,
    command_line::{Confirmation, name},
};

use super::admin::AdminArgs;
use crate::cli::expiry::Expiry;

/// `doorward api-key …`
#[derive(Debug, Clone, Subcommand)]
pub enum ApiKeyCommand {
    /// Create an API key, and print it once
    #[command(after_help = "Example:\n  doorward api-key create --tenant 0198c0de-… --name backend --expires 90d")]
    Create(ApiKeyCreateArgs),
    /// List a tenant's API keys, without their secrets
    List(ApiKeyListArgs),
    /// Disable an API key with immediate effect, until it is enabled again
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
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward api-key list`
#[derive(Debug, Clone, Args)]
pub struct ApiKeyListArgs {
    /// Id or name of the tenant
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Arguments that every administrative command accepts.
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
    /// Arguments that every administrative command accepts.
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
    /// The flag `--yes`.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}
