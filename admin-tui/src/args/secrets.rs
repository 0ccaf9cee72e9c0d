//! `doorward-admin api-key …`, `signing-key …`, `admin-token …`

use clap::{Args, Subcommand};
use doorward_shared::{
    AdminTokenId, ApiKeyId, SigningKeyId,
    admin::{Role, SigningAlgorithm},
    command_line::{Confirmation, name, role},
};

use super::{common::TenantFlag, help};
use crate::time_parse::TimeInput;

#[derive(Debug, Clone, Subcommand)]
pub enum ApiKeyCommand {
    /// List the API keys of a tenant, without the secrets
    List(TenantFlag),
    /// Create an API key and print its secret, which is not shown again
    #[command(after_help = help::API_KEY_CREATE)]
    Create(ApiKeyCreateArgs),
    /// Disable an API key with immediate effect, until it is enabled
    Disable(ApiKeyArgs),
    /// Enable a disabled API key
    Enable(ApiKeyArgs),
    /// Revoke an API key with immediate effect
    Revoke(ApiKeyRevokeArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ApiKeyCreateArgs {
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

#[derive(Debug, Clone, Args)]
pub struct ApiKeyArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Id of the key, from `list`
    #[arg(value_name = "KEY")]
    pub key: ApiKeyId,
}

#[derive(Debug, Clone, Args)]
pub struct ApiKeyRevokeArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Id of the key, from `list`
    #[arg(value_name = "KEY")]
    pub key: ApiKeyId,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Debug, Clone, Subcommand)]
pub enum SigningKeyCommand {
    /// List the current, next and previous signing keys of a tenant
    List(TenantFlag),
    /// Create a signing key, which is published at once and replaces the current key 15 minutes later
    Rotate(SigningKeyRotateArgs),
    /// Stop signing with a key; it stays published until its tokens have expired
    Retire(SigningKeyArgs),
    /// Remove a compromised key from the JWKS at once, so that its tokens are refused
    Withdraw(SigningKeyArgs),
}

#[derive(Debug, Clone, Args)]
pub struct SigningKeyRotateArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// ES256, RS256 or EdDSA [default: that of the current key]
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    pub algorithm: Option<SigningAlgorithm>,
    /// Sign with the new key at once, not 15 minutes later; token verifiers with a cached JWKS refuse new tokens until
    /// they reload it
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Clone, Args)]
pub struct SigningKeyArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Id of the key, from `list`
    #[arg(value_name = "KEY")]
    pub key: SigningKeyId,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Debug, Clone, Subcommand)]
pub enum AdminTokenCommand {
    /// List the admin tokens, without the secrets
    List,
    /// Create an admin token and print its secret, which is not shown again
    #[command(after_help = help::ADMIN_TOKEN_CREATE)]
    Create(AdminTokenCreateArgs),
    /// Revoke an admin token with immediate effect
    Revoke(AdminTokenRevokeArgs),
}

#[derive(Debug, Clone, Args)]
pub struct AdminTokenCreateArgs {
    /// Display name; also the actor in audit logs
    #[arg(long, value_parser = name)]
    pub name: String,
    /// Role: admin (full access), auditor (read only) or metrics (only /metrics)
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// Limit the token to the tenant with this id or name; can be repeated [default: all tenants]
    #[arg(long = "tenant", short, value_name = "TENANT")]
    pub tenants: Vec<String>,
    /// Time of expiry: a duration like 90d or a time like 2027-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<TimeInput>,
    /// Print only the secret
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Clone, Args)]
pub struct AdminTokenRevokeArgs {
    /// Id of the token, from `list`
    #[arg(value_name = "TOKEN")]
    pub token: AdminTokenId,
    /// Revoke the token even if it is the last one with the role admin
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    text.parse().map_err(|_| "must be ES256, RS256 or EdDSA".to_owned())
}
