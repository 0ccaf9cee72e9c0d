//! `doorward-admin keys …`, `signing-keys …`, `tokens …`

use clap::{Args, Subcommand};
use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId,
    admin::{Role, SigningAlgorithm},
};

use super::{
    common::{Confirmation, TenantFlag, name},
    help,
};
use crate::time_parse::TimeInput;

/// `doorward-admin keys …`
#[derive(Debug, Clone, Subcommand)]
pub enum KeysCommand {
    /// List the API keys of a tenant, without the secrets
    List(TenantFlag),
    /// Create an API key and print its secret, which is not shown again
    #[command(after_help = help::KEYS_CREATE)]
    Create(KeysCreateArgs),
    /// Revoke an API key with immediate effect
    Revoke(KeysRevokeArgs),
}

/// `doorward-admin keys create`
#[derive(Debug, Clone, Args)]
pub struct KeysCreateArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Display name
    #[arg(long, value_parser = name)]
    pub name: String,
    /// Time of expiry: a duration like 90d or a time like 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<TimeInput>,
    /// Print only the secret
    #[arg(long, short)]
    pub quiet: bool,
}

/// `doorward-admin keys revoke`
#[derive(Debug, Clone, Args)]
pub struct KeysRevokeArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Id of the key, from `list`
    #[arg(value_name = "KEY")]
    pub key: ApiKeyId,
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin signing-keys …`
#[derive(Debug, Clone, Subcommand)]
pub enum SigningKeysCommand {
    /// List the current, next and previous signing keys of a tenant
    List(TenantFlag),
    /// Create a new signing key, which replaces the current one after it has been published
    Rotate(SigningKeysRotateArgs),
    /// Stop signing with a key; it stays published until its tokens have expired
    Retire(SigningKeysRetireArgs),
}

/// `doorward-admin signing-keys rotate`
#[derive(Debug, Clone, Args)]
pub struct SigningKeysRotateArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// ES256, RS256 or EdDSA [default: that of the current key]
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    pub algorithm: Option<SigningAlgorithm>,
}

/// `doorward-admin signing-keys retire`
#[derive(Debug, Clone, Args)]
pub struct SigningKeysRetireArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Id of the key, from `list`
    #[arg(value_name = "KEY")]
    pub key: SigningKeyId,
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin tokens …`
#[derive(Debug, Clone, Subcommand)]
pub enum TokensCommand {
    /// List the admin tokens, without the secrets
    List,
    /// Create an admin token and print its secret, which is not shown again
    #[command(after_help = help::TOKENS_CREATE)]
    Create(TokensCreateArgs),
    /// Revoke an admin token with immediate effect
    Revoke(TokensRevokeArgs),
}

/// `doorward-admin tokens create`
#[derive(Debug, Clone, Args)]
pub struct TokensCreateArgs {
    /// Display name; also the actor in audit logs
    #[arg(long, value_parser = name)]
    pub name: String,
    /// Role: admin (full access) or auditor (read only)
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// Time of expiry: a duration like 90d or a time like 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<TimeInput>,
    /// Print only the secret
    #[arg(long, short)]
    pub quiet: bool,
}

/// `doorward-admin tokens revoke`
#[derive(Debug, Clone, Args)]
pub struct TokensRevokeArgs {
    /// Id of the token, from `list`
    #[arg(value_name = "TOKEN")]
    pub token: AdminTokenId,
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| "must be admin or auditor".to_owned())
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    text.parse().map_err(|_| "must be ES256, RS256 or EdDSA".to_owned())
}
