//! `doorward-admin keys …`, `signing-keys …`, `tokens …`

use clap::{Args, Subcommand};
use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId,
    admin::{Role, SigningAlgorithm},
};

use super::{Confirmation, OfTenant, help, name};
use crate::moment::Moment;

/// `doorward-admin keys …`
#[derive(Debug, Clone, Subcommand)]
pub enum KeysCommand {
    /// List a tenant's API keys, without their secrets
    List(OfTenant),
    /// Create an API key, and print it this once
    #[command(after_help = help::KEYS_CREATE)]
    Create(KeysCreateArgs),
    /// Revoke an API key, from the next request on
    Revoke(KeysRevokeArgs),
}

/// `doorward-admin keys create`
#[derive(Debug, Clone, Args)]
pub struct KeysCreateArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// Name for people
    #[arg(long, value_parser = name)]
    pub name: String,
    /// When it stops working: a duration like 90d or a time like 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<Moment>,
    /// Print the key and nothing else
    #[arg(long, short)]
    pub quiet: bool,
}

/// `doorward-admin keys revoke`
#[derive(Debug, Clone, Args)]
pub struct KeysRevokeArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// Id of the key, as `list` shows it
    #[arg(value_name = "KEY")]
    pub key: ApiKeyId,
    /// Whether to ask.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin signing-keys …`
#[derive(Debug, Clone, Subcommand)]
pub enum SigningKeysCommand {
    /// List the keys that sign, will sign or signed a tenant's tokens
    List(OfTenant),
    /// Create a key that takes over once every verifier can know it
    Rotate(SigningKeysRotateArgs),
    /// Take a key out of use; it stays published until its tokens have expired
    Retire(SigningKeysRetireArgs),
}

/// `doorward-admin signing-keys rotate`
#[derive(Debug, Clone, Args)]
pub struct SigningKeysRotateArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// ES256, RS256 or EdDSA [default: as the present key]
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    pub algorithm: Option<SigningAlgorithm>,
}

/// `doorward-admin signing-keys retire`
#[derive(Debug, Clone, Args)]
pub struct SigningKeysRetireArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// Id of the key, as `list` shows it
    #[arg(value_name = "KEY")]
    pub key: SigningKeyId,
    /// Whether to ask.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin tokens …`
#[derive(Debug, Clone, Subcommand)]
pub enum TokensCommand {
    /// List the admin tokens, without their secrets
    List,
    /// Create an admin token, and print it this once
    #[command(after_help = help::TOKENS_CREATE)]
    Create(TokensCreateArgs),
    /// Revoke an admin token, from the next request on
    Revoke(TokensRevokeArgs),
}

/// `doorward-admin tokens create`
#[derive(Debug, Clone, Args)]
pub struct TokensCreateArgs {
    /// Name for people; the actor in audit logs
    #[arg(long, value_parser = name)]
    pub name: String,
    /// What it may do: admin (everything) or auditor (read)
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// When it stops working: a duration like 90d or a time like 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<Moment>,
    /// Print the token and nothing else
    #[arg(long, short)]
    pub quiet: bool,
}

/// `doorward-admin tokens revoke`
#[derive(Debug, Clone, Args)]
pub struct TokensRevokeArgs {
    /// Id of the token, as `list` shows it
    #[arg(value_name = "TOKEN")]
    pub token: AdminTokenId,
    /// Whether to ask.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|_| "must be admin or auditor".to_owned())
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    text.parse().map_err(|_| "must be ES256, RS256 or EdDSA".to_owned())
}
